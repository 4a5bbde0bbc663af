"""Offers' ports in memory, for tests of use cases; held to the same suite as PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.memory import MemoryOutbox, MemoryRequests, MemoryTable, MemoryTransactions
from kernel.ids import MerchantId, Network, OfferId
from kernel.tags import Tag
from offers.domain.events import OfferFact
from offers.domain.merchant import Merchant
from offers.domain.offer import Offer, OfferState, Standing
from offers.outbound.facts import outgoing
from offers.outbound.memory_holds import MemoryHolds, MemoryStore
from offers.outbound.memory_known_tags import MemoryKnownTags, MemoryTag
from offers.usecases.ports import FavoritePosition, OfferFilter, OfferPosition


class MemoryMerchants:
    """The merchants."""

    def __init__(self, table: MemoryTable[MerchantId, Merchant]) -> None:
        self._table = table

    async def by_ids(self, merchant_ids: Sequence[MerchantId]) -> Mapping[MerchantId, Merchant]:
        """Load merchants by id."""
        return {key: self._table[key] for key in merchant_ids if key in self._table}

    async def page(self, *, after: MerchantId | None, limit: int) -> Sequence[Merchant]:
        """Load one page, by id."""
        return [self._table[key] for key in sorted(self._table) if key > (after or "")][:limit]

    async def save(self, merchant: Merchant) -> None:
        """Write a merchant."""
        self._table[merchant.merchant_id] = merchant


class MemoryOffers:
    """The offers; nothing is locked, for units run one at a time."""

    def __init__(self, table: MemoryTable[OfferId, Offer]) -> None:
        self._table = table

    async def by_ids(self, offer_ids: Sequence[OfferId]) -> Mapping[OfferId, Offer]:
        """Load offers by id."""
        return {key: self._table[key] for key in offer_ids if key in self._table}

    locked = by_ids

    async def holder_of(self, tag: Tag) -> Offer | None:
        """Load the offer that has a tag."""
        return next((each for each in self._table.values() if each.has_tag and each.terms.canonical_tag == tag), None)

    async def add(self, offer: Offer) -> bool:
        """Write a new offer."""
        return self._table.setdefault(offer.offer_id, offer) is offer

    async def save(self, offers: Sequence[Offer]) -> None:
        """Write changed offers."""
        for offer in offers:
            self._table[offer.offer_id] = offer

    async def page(
        self, where: OfferFilter, *, at: datetime, after: OfferPosition | None, limit: int
    ) -> Sequence[Offer]:
        """Load one page, newest first."""
        found = [each for each in self._table.values() if _matches(each, where, at=at)]
        found.sort(key=lambda each: each.offer_id)
        found.sort(key=lambda each: each.created_at, reverse=True)
        return [each for each in found if after is None or _is_after(each, after)][:limit]

    async def favorites(
        self, network: Network | None, *, at: datetime, after: FavoritePosition | None, limit: int
    ) -> Sequence[Offer]:
        """Load one page of favorites."""
        shown = {OfferState.SCHEDULED, OfferState.LIVE}
        found = {
            (each.stock.sold_out, each.ends_at, each.offer_id): each
            for each in self._table.values()
            if each.state_at(at) in shown and (network is None or network in each.terms.channels)
        }
        start = (after.sold_out, after.ends_at, after.offer_id) if after else None
        return [found[key] for key in sorted(found) if start is None or key > start][:limit]

    async def in_view(self, *, ended_since: datetime, limit: int) -> Sequence[Offer]:
        """Load what a watcher may have seen."""
        found = [
            each
            for each in self._table.values()
            if each.has_tag or (each.standing is Standing.ENDED and each.updated_at > ended_since)
        ]
        return sorted(found, key=lambda each: (each.terms.window.ends_at, each.offer_id))[:limit]

    async def due_to_end(self, *, at: datetime, limit: int) -> Sequence[OfferId]:
        """Find offers whose window is over."""
        due = [each for each in self._table.values() if each.is_due_to_end(at)]
        return [each.offer_id for each in sorted(due, key=lambda each: each.ends_at)][:limit]


class MemoryFacts:
    """The outbox."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def add(self, facts: Sequence[OfferFact]) -> None:
        """Write facts to be told."""
        await self._outbox.add([outgoing(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUnit:
    """One unit's repositories."""

    merchants: MemoryMerchants
    offers: MemoryOffers
    holds: MemoryHolds
    known_tags: MemoryKnownTags
    outbox: MemoryFacts
    requests: MemoryRequests
    at: datetime


class MemoryOffersStore:
    """Everything offers keeps: `transactions` for use cases, `outbox.events` for tests. `clock` is the database's."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.store = MemoryStore(merchants=MemoryTable(), offers=MemoryTable(), holds=MemoryTable())
        self.tags: MemoryTable[Tag, MemoryTag] = MemoryTable()
        self.outbox, self.requests = MemoryOutbox(), MemoryRequests()
        self._clock = clock
        parts = (self.store.merchants, self.store.offers, self.store.holds, self.tags, self.outbox, self.requests)
        self.transactions: MemoryTransactions[MemoryUnit] = MemoryTransactions(self._unit, parts=parts)

    def _unit(self) -> MemoryUnit:
        return MemoryUnit(
            merchants=MemoryMerchants(self.store.merchants),
            offers=MemoryOffers(self.store.offers),
            holds=MemoryHolds(self.store),
            known_tags=MemoryKnownTags(self.tags),
            outbox=MemoryFacts(self.outbox),
            requests=self.requests,
            at=self._clock(),
        )


def memory_requests_of(unit: MemoryUnit, _scope: str) -> MemoryRequests:
    """Give the request ids of a unit."""
    return unit.requests


def _matches(offer: Offer, where: OfferFilter, *, at: datetime) -> bool:
    of_merchant = where.merchant_id in {None, offer.terms.merchant_id}
    return of_merchant and (not where.states or offer.state_at(at) in where.states)


def _is_after(offer: Offer, position: OfferPosition) -> bool:
    if offer.created_at != position.created_at:
        return offer.created_at < position.created_at
    return offer.offer_id > position.offer_id
