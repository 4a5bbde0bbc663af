"""Which cards may be linked: American Express consumer cards issued in the programme's country."""

from dataclasses import dataclass
from enum import StrEnum

from kernel.ids import CardToken
from kernel.refusals import Refusal, RefusalKind


class CardProduct(StrEnum):
    """What sort of card it is, as its issuer says."""

    UNKNOWN = "UNKNOWN"
    CONSUMER_CREDIT = "CONSUMER_CREDIT"
    CONSUMER_CHARGE = "CONSUMER_CHARGE"
    CORPORATE = "CORPORATE"
    PREPAID = "PREPAID"
    GIFT = "GIFT"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What payments tells of a card; never its number."""

    card_token: CardToken
    brand: str
    product: CardProduct
    country: str
    last4: str
    account_reference: str
    billing_country: str
    billing_region: str


_ELIGIBLE = frozenset({CardProduct.CONSUMER_CREDIT, CardProduct.CONSUMER_CHARGE})
_PRODUCT_REASONS = {
    CardProduct.CORPORATE: ("CARD_CORPORATE", "Corporate cards cannot be linked; use a personal card."),
    CardProduct.PREPAID: ("CARD_PREPAID", "Prepaid cards cannot be linked; use a credit or charge card."),
    CardProduct.GIFT: ("CARD_GIFT", "Gift cards cannot be linked; use a credit or charge card."),
}
_NOT_ACCEPTED = ("CARD_BRAND_NOT_ACCEPTED", "Only American Express consumer credit and charge cards can be linked.")


def refuse_ineligible(card: CardFacts, *, programme_country: str) -> Refusal | None:
    """Why this card cannot be linked, or None when it can (brand first, then product, then countries)."""
    if card.brand != "amex":
        return _refusal(*_NOT_ACCEPTED)
    if card.product not in _ELIGIBLE:
        return _refusal(*_PRODUCT_REASONS.get(card.product, _NOT_ACCEPTED))
    if card.country != programme_country or card.billing_country != programme_country:
        return _refusal("CARD_WRONG_COUNTRY", f"The card must be issued and billed in {programme_country}.")
    return None


def _refusal(reason: str, message: str) -> Refusal:
    return Refusal(kind=RefusalKind.PRECONDITION, reason=reason, message=message)
