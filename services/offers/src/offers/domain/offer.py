"""An offer: a product sold by its tag, where it stands at a moment, and how much of it is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from kernel.ids import MerchantId, Network, OfferId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from kernel.tags import Tag, canonical_tag


class OfferKind(StrEnum):
    """What an offer gives."""

    PURCHASE = "PURCHASE"


class Fulfilment(StrEnum):
    """How the thing reaches the cardmember."""

    GOODS = "GOODS"
    DIGITAL = "DIGITAL"


class Standing(StrEnum):
    """What is stored; scheduled, live and over-by-window are derived from it, the window and a moment."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class OfferState(StrEnum):
    """Where an offer stands at a moment."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When an offer is live: [starts_at, ends_at), shown to people in an IANA time zone."""

    starts_at: datetime
    ends_at: datetime
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    """Rates in basis points of the price: the ship-to region's, else the default."""

    default_basis_points: int
    region_basis_points: Mapping[str, int]

    def tax_on(self, price: Money, *, region: str) -> Money:
        """Reckon the tax of one unit shipped to a region, halves of a cent rounded up."""
        return price.share(self.region_basis_points.get(region, self.default_basis_points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Units: available + held + committed = total. `version` rises with each change of the counts."""

    available: int
    held: int = 0
    committed: int = 0
    version: int = 1

    @property
    def total(self) -> int:
        """Give all units of the offer."""
        return self.available + self.held + self.committed

    @property
    def sold_out(self) -> bool:
        """Tell whether nothing is available and nothing held might come back."""
        return self.available == 0 and self.held == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a merchant says of an offer; every field was checked."""

    merchant_id: MerchantId
    kind: OfferKind
    tag: str
    title: str
    description: str
    price: Money
    shipping: Money
    tax_rule: TaxRule
    stock_total: int
    per_member_limit: int
    window: Window
    channels: tuple[Network, ...]
    fulfilment: Fulfilment
    ship_to_countries: tuple[str, ...]
    terms_url: str

    @property
    def canonical_tag(self) -> Tag:
        """Give the tag as it is compared."""
        return canonical_tag(self.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as it stands; `closed_by_hand_at` is set when it was ended before its window was over."""

    offer_id: OfferId
    terms: Terms
    standing: Standing
    stock: Stock
    version: int
    created_at: datetime
    updated_at: datetime
    closed_by_hand_at: datetime | None = None

    def state_at(self, at: datetime) -> OfferState:
        """Tell where it stands; a published or paused one whose window is over has ended, marked or not."""
        match self.standing:
            case Standing.DRAFT:
                return OfferState.DRAFT
            case Standing.ENDED:
                return OfferState.ENDED
            case Standing.PUBLISHED | Standing.PAUSED if at >= self.terms.window.ends_at:
                return OfferState.ENDED
            case Standing.PAUSED:
                return OfferState.PAUSED
            case Standing.PUBLISHED:
                return OfferState.LIVE if at >= self.terms.window.starts_at else OfferState.SCHEDULED
            case _:
                assert_never(self.standing)

    @property
    def has_tag(self) -> bool:
        """Tell whether its tag is taken by it: published or paused, not marked as ended."""
        return self.standing in {Standing.PUBLISHED, Standing.PAUSED}

    def is_due_to_end(self, at: datetime) -> bool:
        """Tell whether its window is over and it is not marked so yet."""
        return self.has_tag and at >= self.terms.window.ends_at

    @property
    def ends_at(self) -> datetime:
        """Give when it ends or ended: by hand or by its window."""
        return self.closed_by_hand_at or self.terms.window.ends_at


def offer_not_found(what: str) -> Refusal:
    """Say that there is no such offer; `what` is its id or `#tag`."""
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        reason="OFFER_NOT_FOUND",
        message=f"There is no offer {what}.",
        facts={"offer": what},
    )


def offer_ended(offer: Offer) -> Refusal:
    """Say that an offer is over for good."""
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="OFFER_ENDED",
        message=f"The offer {offer.offer_id} ended at {offer.ends_at.isoformat()} and stays ended; create a new one.",
        facts={"offer_id": offer.offer_id, "ended_at": offer.ends_at.isoformat()},
    )
