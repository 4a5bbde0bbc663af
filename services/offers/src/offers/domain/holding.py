"""Holding: decides a batch of holds one after another, over what was loaded; each later one sees the earlier ones.

The order of the checks, so that the most useful answer wins: the order's own hold (a repeat) · the offer exists ·
has not ended · has started · is not paused · serves the network · ships to the country · no unconfirmed one open ·
the limit · the stock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kernel.ids import CardmemberId, OfferId, OrderId
from kernel.refusals import Refusal
from kernel.tags import Tag
from offers.domain.hold import LAPSE_AFTER, Hold, HoldAsked, HoldState, KnownOrder, Promise
from offers.domain.hold_refusals import (
    all_held,
    already_open,
    channel_not_served,
    country_not_served,
    hold_released,
    limit_reached,
    offer_not_started,
    offer_paused,
    sold_out,
)
from offers.domain.offer import Offer, Standing, Stock, offer_ended, offer_not_found


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSale:
    """An offer with its merchant's name, which holds promise."""

    offer: Offer
    merchant_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHolds:
    """How many of an offer a cardmember has, over all networks."""

    held: int = 0
    committed: int = 0


MemberKey = tuple[OfferId, CardmemberId]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFacts:
    """What was loaded, behind the lock of the offers' stock: `on_sale` has every offer that may answer for a tag."""

    on_sale: Mapping[Tag, Sequence[OnSale]]
    known: Mapping[OrderId, KnownOrder]
    members: Mapping[MemberKey, MemberHolds]


Decision = Hold | Refusal


class HoldDecider:
    """Decides one after another; `made` are the new holds, `stock` the counts after them."""

    def __init__(self, facts: HoldFacts, *, at: datetime) -> None:
        self.made: list[Hold] = []
        self.stock: dict[OfferId, Stock] = {}
        self._facts, self._at = facts, at
        self._known = dict(facts.known)
        self._members = dict(facts.members)

    def decide(self, asked: HoldAsked) -> Decision:
        """Give the order its hold, or say why there is none."""
        if (known := self._known.get(asked.order_id)) is not None:
            return known if isinstance(known, Hold) and known.is_open_at(self._at) else hold_released(asked)
        selling = choose(self._facts.on_sale.get(asked.tag, ()), posted_at=asked.posted_at)
        if selling is None:
            return offer_not_found(f"#{asked.tag}")
        return (
            _not_for_sale(selling.offer, asked)
            or self._not_for_member(selling.offer, asked)
            or self._take(selling, asked)
        )

    def _not_for_member(self, offer: Offer, asked: HoldAsked) -> Refusal | None:
        has = self._members.get((offer.offer_id, asked.cardmember_id), MemberHolds())
        if has.held:
            return already_open(offer)
        if has.held + has.committed >= offer.terms.per_member_limit:
            return limit_reached(offer)
        return None

    def _take(self, selling: OnSale, asked: HoldAsked) -> Decision:
        offer = selling.offer
        stock = self.stock.get(offer.offer_id, offer.stock)
        if not stock.available:
            return all_held(offer) if stock.held else sold_out(offer)
        hold = promise(selling, asked, at=self._at)
        key = (offer.offer_id, asked.cardmember_id)
        has = self._members.get(key, MemberHolds())
        self.stock[offer.offer_id] = replace(stock, available=stock.available - 1, held=stock.held + 1)
        self._members[key] = replace(has, held=has.held + 1)
        self._known[asked.order_id] = hold
        self.made.append(hold)
        return hold


def choose(on_sale: Sequence[OnSale], *, posted_at: datetime) -> OnSale | None:
    """Choose which offer of a tag answers for a post: the one on sale when it was made, else the latest."""
    return max(on_sale, key=lambda selling: _rank(selling.offer, posted_at), default=None)


def promise(selling: OnSale, asked: HoldAsked, *, at: datetime) -> Hold:
    """Write down what is promised to an order."""
    offer, terms = selling.offer, selling.offer.terms
    promised = Promise(
        offer_version=offer.version,
        merchant_id=terms.merchant_id,
        merchant_name=selling.merchant_name,
        title=terms.title,
        tag=terms.tag,
        price=terms.price,
        tax=terms.tax_rule.tax_on(terms.price, region=asked.ship_to_region),
        shipping=terms.shipping,
        fulfilment=terms.fulfilment,
        terms_url=terms.terms_url,
    )
    return Hold(
        order_id=asked.order_id,
        offer_id=offer.offer_id,
        cardmember_id=asked.cardmember_id,
        promise=promised,
        state=HoldState.HELD,
        lapse_at=at + LAPSE_AFTER,
    )


def _rank(offer: Offer, posted_at: datetime) -> tuple[bool, bool, datetime]:
    on_sale = offer.closed_by_hand_at is None and offer.terms.window.starts_at <= posted_at < offer.terms.window.ends_at
    return on_sale, offer.standing is not Standing.ENDED, offer.ends_at


def _not_for_sale(offer: Offer, asked: HoldAsked) -> Refusal | None:
    window = offer.terms.window
    refusals = (
        (offer.closed_by_hand_at is not None or asked.posted_at >= window.ends_at, offer_ended),
        (asked.posted_at < window.starts_at, offer_not_started),
        (offer.standing is Standing.PAUSED, offer_paused),
        (asked.network not in offer.terms.channels, channel_not_served),
        (asked.ship_to_country not in offer.terms.ship_to_countries, country_not_served),
    )
    return next((refuse(offer) for applies, refuse in refusals if applies), None)
