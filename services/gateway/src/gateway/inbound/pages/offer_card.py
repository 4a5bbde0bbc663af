"""An offer as its card shows it: what it is, what it costs, how to post, how many are left, and until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.inbound.pages import spans
from gateway.inbound.pages.view import show_money
from hashtill.offers.v1 import offer_pb2

SHOWN = frozenset({offer_pb2.OFFER_STATE_SCHEDULED, offer_pb2.OFFER_STATE_LIVE})
"""What the Favorites page lists; an open page also sees how these end."""


class Standing(StrEnum):
    """What a cardmember can do about it now."""

    LIVE = "live"
    SCHEDULED = "scheduled"
    ALL_HELD = "held"
    SOLD_OUT = "sold-out"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCard:
    """What the template writes; every text is escaped there."""

    offer_id: str
    title: str
    description: str
    tag: str
    merchant: str
    price: str
    extras: str
    terms_url: str
    standing: Standing
    stock_total: int
    stock_available: int
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    per_member_limit: int
    version: int

    @property
    def rank(self) -> str:
        """Sort cards as text: what can be had first, then the soonest to end; sold out and over last."""
        last = self.standing in {Standing.SOLD_OUT, Standing.PAUSED, Standing.ENDED}
        return f"{int(last)}-{int(self.ends_at.timestamp()):011d}-{self.offer_id}"

    @property
    def mark(self) -> str:
        """Give what changes whenever the card looks different."""
        return f"{self.version}-{self.standing}-{self.stock_available}-{self.stock_total}"

    @property
    def stock_words(self) -> str:
        """Say how many are left."""
        match self.standing:
            case Standing.SOLD_OUT:
                return "Sold out"
            case Standing.ALL_HELD:
                return "All held just now: some may come back"
            case _:
                return f"{self.stock_available:,} of {self.stock_total:,} left"


def offer_card(offer: offer_pb2.Offer, *, merchant: str) -> OfferCard:
    """Read an offer as its card."""
    return OfferCard(
        offer_id=offer.offer_id,
        title=offer.title,
        description=offer.description,
        tag=offer.tag,
        merchant=merchant,
        price=show_money(offer.price),
        extras=" · ".join(_extras(offer)),
        terms_url=offer.terms_url if offer.terms_url.startswith("https://") else "",
        standing=_standing(offer),
        stock_total=offer.stock.total,
        stock_available=offer.stock.available,
        starts_at=spans.utc(offer.window.starts_at),
        ends_at=spans.utc(offer.window.ends_at),
        time_zone=offer.window.time_zone,
        per_member_limit=offer.per_member_limit,
        version=offer.version,
    )


def _extras(offer: offer_pb2.Offer) -> list[str]:
    rates = (offer.tax_rule.default_basis_points, *offer.tax_rule.region_basis_points.values())
    tax = ["plus tax"] if any(rates) else []
    if offer.fulfilment == offer_pb2.FULFILMENT_DIGITAL:
        return [*tax, "delivered by e-mail"]
    if offer.shipping.amount_minor:
        return [*tax, f"{show_money(offer.shipping)} 2-day shipping"]
    return [*tax, "free 2-day shipping"]


def _standing(offer: offer_pb2.Offer) -> Standing:
    match offer.state:
        case offer_pb2.OFFER_STATE_SCHEDULED:
            return Standing.SCHEDULED
        case offer_pb2.OFFER_STATE_LIVE:
            return _live(offer)
        case offer_pb2.OFFER_STATE_PAUSED:
            return Standing.PAUSED
        case _:
            return Standing.ENDED


def _live(offer: offer_pb2.Offer) -> Standing:
    if offer.sold_out:
        return Standing.SOLD_OUT
    return Standing.LIVE if offer.stock.available > 0 else Standing.ALL_HELD
