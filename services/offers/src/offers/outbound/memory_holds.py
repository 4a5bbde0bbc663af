"""Holds in memory; each change of states changes the stock with it, as in PostgreSQL."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.memory import MemoryTable
from kernel.ids import MerchantId, OfferId, OrderId
from kernel.tags import Tag
from offers.domain.hold import Hold, HoldAsked, HoldState, KnownOrder, Tombstone
from offers.domain.holding import HoldFacts, MemberHolds, MemberKey, OnSale
from offers.domain.merchant import Merchant
from offers.domain.offer import Offer, Standing
from offers.usecases.ports import Added, Move


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStore:
    """The tables holds touch."""

    merchants: MemoryTable[MerchantId, Merchant]
    offers: MemoryTable[OfferId, Offer]
    holds: MemoryTable[OrderId, KnownOrder]


class MemoryHolds:
    """The holds of one unit."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def facts(self, asked: Sequence[HoldAsked]) -> HoldFacts:
        """Load all that decides."""
        tags = {each.tag for each in asked}
        return HoldFacts(
            on_sale={tag: self._on_sale(tag) for tag in tags},
            known=await self.locked([each.order_id for each in asked]),
            members=self._members(),
        )

    async def add(self, holds: Sequence[Hold]) -> Added:
        """Write new holds and take from stock as many as were written."""
        written = [hold for hold in holds if self._is_free(hold)]
        self._store.holds.update({hold.order_id: hold for hold in written})
        changed = Counter(hold.offer_id for hold in written)
        for offer_id, count in changed.items():
            self._shift(offer_id, held=count)
        return Added(
            order_ids=frozenset(hold.order_id for hold in written),
            stock={offer_id: self._store.offers[offer_id].stock for offer_id in changed},
        )

    async def locked(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, KnownOrder]:
        """Load what is known of orders."""
        return {key: self._store.holds[key] for key in order_ids if key in self._store.holds}

    async def move(self, moves: Sequence[Move]) -> None:
        """Change states and stock together."""
        for move in moves:
            was, becomes = move.hold.state, move.becomes
            self._store.holds[move.hold.order_id] = replace(move.hold, state=becomes)
            committed = (becomes is HoldState.COMMITTED) - (was is HoldState.COMMITTED)
            self._shift(move.hold.offer_id, held=-(was is HoldState.HELD), committed=committed)

    async def bury(self, order_ids: Sequence[OrderId]) -> frozenset[OrderId]:
        """Write tombstones for unknown orders."""
        unknown = frozenset(order_ids) - self._store.holds.keys()
        self._store.holds.update({order_id: Tombstone(order_id=order_id) for order_id in unknown})
        return unknown

    async def due_to_lapse(self, *, at: datetime, limit: int) -> Sequence[OrderId]:
        """Find held ones whose time is over."""
        due = [hold for hold in self._holds() if hold.state is HoldState.HELD and hold.lapse_at <= at]
        return [hold.order_id for hold in sorted(due, key=lambda hold: hold.lapse_at)][:limit]

    def _holds(self) -> list[Hold]:
        return [known for known in self._store.holds.values() if isinstance(known, Hold)]

    def _on_sale(self, tag: Tag) -> list[OnSale]:
        return [
            OnSale(offer=offer, merchant_name=self._store.merchants[offer.terms.merchant_id].display_name)
            for offer in self._store.offers.values()
            if offer.terms.canonical_tag == tag and offer.standing is not Standing.DRAFT
        ]

    def _members(self) -> Mapping[MemberKey, MemberHolds]:
        counted = Counter((hold.offer_id, hold.cardmember_id, hold.state) for hold in self._holds())
        return {
            (offer_id, member): MemberHolds(
                held=counted[offer_id, member, HoldState.HELD],
                committed=counted[offer_id, member, HoldState.COMMITTED],
            )
            for offer_id, member, _ in counted
        }

    def _is_free(self, hold: Hold) -> bool:
        opened = ((each.offer_id, each.cardmember_id) for each in self._holds() if each.state is HoldState.HELD)
        return hold.order_id not in self._store.holds and (hold.offer_id, hold.cardmember_id) not in set(opened)

    def _shift(self, offer_id: OfferId, *, held: int = 0, committed: int = 0) -> None:
        offer = self._store.offers[offer_id]
        stock = replace(
            offer.stock,
            available=offer.stock.available - held - committed,
            held=offer.stock.held + held,
            committed=offer.stock.committed + committed,
            version=offer.stock.version + 1,
        )
        self._store.offers[offer_id] = replace(offer, stock=stock)
