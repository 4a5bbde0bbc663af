"""A card as payments keeps it: never its number, only what the issuer said of it, and where goods ship to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kernel.ids import CardToken
from kernel.secret import Secret


class CardProduct(StrEnum):
    """What sort of card it is, as its issuer says."""

    UNKNOWN = "UNKNOWN"
    CONSUMER_CREDIT = "CONSUMER_CREDIT"
    CONSUMER_CHARGE = "CONSUMER_CHARGE"
    CORPORATE = "CORPORATE"
    PREPAID = "PREPAID"
    GIFT = "GIFT"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """Where a parcel goes; region is the ISO 3166-2 part without its country."""

    name: str
    lines: tuple[str, ...]
    city: str
    region: str
    postal_code: str
    country_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerFacts:
    """What the processor said of a card when it gave the token."""

    brand: str
    product: CardProduct
    country: str
    last4: str
    account_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizedCard:
    """The processor's answer: its own token, which stands for the number from now on, and what it says of the card."""

    processor_token: Secret[str]
    facts: IssuerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCard:
    """What may be known of a card outside the vault."""

    card_token: CardToken
    facts: IssuerFacts
    billing_country: str
    billing_region: str
    entered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultCard:
    """A card as it goes into the vault: token and address sealed there, the fingerprint keyed."""

    known: KnownCard
    processor_token: Secret[str]
    billing: Secret[PostalAddress]
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeableCard:
    """What a charge needs of a card, and no more."""

    processor_token: Secret[str]
    last4: str
