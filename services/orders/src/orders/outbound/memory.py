"""Memory: the same ports without a database, for use-case tests; one shared suite holds both to one contract."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chassis.memory import MemoryInbox, MemoryOutbox, MemoryRequests, MemoryTable, MemoryTransactions, Restorable
from kernel.ids import Network, OrderId, PostId
from orders.domain.change import Announcement
from orders.domain.cutoff import Watermark
from orders.domain.order import Order
from orders.domain.posts import Verdict
from orders.domain.purchasing import PostRefused
from orders.outbound.memory_orders import MemoryOrders
from orders.outbound.messages import message_of
from orders.usecases.ports import DatedVerdict, PostKey, StoryStep

OnSaved = Callable[[Sequence[Order]], None]


class MemoryVerdicts:
    """What posts came to."""

    def __init__(self, table: MemoryTable[PostKey, DatedVerdict], *, at: datetime) -> None:
        self._table, self._at = table, at

    async def by_posts(self, keys: Iterable[PostKey]) -> dict[PostKey, Verdict]:
        """Read the verdicts on these posts."""
        return {key: self._table[key].verdict for key in keys if key in self._table}

    async def save(self, verdicts: Sequence[Verdict]) -> None:
        """Write verdicts; a later one on the same post replaces it, keeping the order it touched."""
        for verdict in verdicts:
            key = (verdict.network, verdict.post_id)
            before = self._table.get(key)
            order_id = verdict.order_id or (before.verdict.order_id if before else None)
            self._table[key] = DatedVerdict(verdict=replace(verdict, order_id=order_id), decided_at=self._at)

    async def of_order(self, order_id: OrderId) -> list[DatedVerdict]:
        """Read the verdicts on posts that touched an order."""
        return [dated for dated in self._table.values() if dated.verdict.order_id == order_id]

    async def of_post(self, network: Network, post_id: PostId) -> DatedVerdict | None:
        """Read the verdict on a post, by its first id or the version it was decided on."""
        by_version = (
            dated
            for dated in self._table.values()
            if (dated.verdict.network, dated.verdict.version_id) == (network, post_id)
        )
        return self._table.get((network, post_id)) or next(by_version, None)


class MemoryWatermarks:
    """How far each network has been read."""

    def __init__(self, table: MemoryTable[tuple[Network, int], datetime]) -> None:
        self._table = table

    async def raise_to(self, watermarks: Sequence[Watermark]) -> None:
        """Store them; an older one changes nothing."""
        for each in watermarks:
            key = (each.network, each.shard)
            self._table[key] = max(each.at, self._table.get(key, each.at))

    async def of(self, network: Network) -> Mapping[int, datetime]:
        """Read a network's watermarks by shard."""
        return {shard: at for (of_network, shard), at in self._table.items() if of_network == network}


class MemoryInboxes:
    """Messages that had their effect, of every consumer."""

    def __init__(self, inbox: MemoryInbox) -> None:
        self._inbox = inbox

    async def add(self, consumer: str, message_ids: Iterable[str]) -> set[str]:
        """Keep the ids and give those that were new."""
        named = {each: f"{each}@{consumer}" for each in message_ids}
        new = await self._inbox.add(named.values())
        return {each for each, name in named.items() if name in new}


class MemoryTold:
    """What is told."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def add(self, told: Sequence[Announcement | PostRefused]) -> None:
        """Keep what is told."""
        await self._outbox.add([message_of(each) for each in told])


class MemoryScopes:
    """The request ids of every kind of call; what a failed unit claimed is free again."""

    def __init__(self) -> None:
        self._known: dict[str, MemoryRequests] = {}

    def of(self, scope: str) -> MemoryRequests:
        """Give those of one kind of call."""
        return self._known.setdefault(scope, MemoryRequests())

    def snapshot(self) -> dict[str, Any]:
        """Give a copy."""
        return {scope: requests.snapshot() for scope, requests in self._known.items()}

    def restore(self, kept: dict[str, Any]) -> None:
        """Put it back."""
        for scope, requests in self._known.items():
            requests.restore(kept.get(scope, {}))


class MemoryStore:
    """What a database would keep, and the clock it would have; `at` moves only when a test moves it."""

    def __init__(self, *, at: datetime) -> None:
        self.at = at
        self.orders: MemoryTable[OrderId, Order] = MemoryTable()
        self.log: MemoryTable[tuple[OrderId, int], StoryStep] = MemoryTable()
        self.verdicts: MemoryTable[PostKey, DatedVerdict] = MemoryTable()
        self.watermarks: MemoryTable[tuple[Network, int], datetime] = MemoryTable()
        self.inbox, self.outbox = MemoryInbox(), MemoryOutbox()
        self.scopes = MemoryScopes()

    def requests(self, scope: str) -> MemoryRequests:
        """Give the request ids of one kind of call."""
        return self.scopes.of(scope)

    def pass_time(self, by: timedelta) -> None:
        """Move the clock on."""
        self.at += by


class MemoryUnit:
    """One unit over a store."""

    def __init__(self, store: MemoryStore) -> None:
        self.at = store.at
        self.saved: list[Order] = []
        self.orders = MemoryOrders(store.orders, store.log, at=store.at, on_saved=self.saved.extend)
        self.verdicts = MemoryVerdicts(store.verdicts, at=store.at)
        self.watermarks = MemoryWatermarks(store.watermarks)
        self.inbox = MemoryInboxes(store.inbox)
        self.outbox = MemoryTold(store.outbox)
        self.requests = store.requests


class OrdersInMemory:
    """Begins units of work over a store; what one saved goes to `on_saved` after it."""

    def __init__(self, store: MemoryStore, *, on_saved: OnSaved) -> None:
        parts: list[Restorable] = [store.orders, store.log, store.verdicts, store.watermarks]
        parts += [store.inbox, store.outbox, store.scopes]
        self._units = MemoryTransactions(lambda: MemoryUnit(store), parts=parts)
        self._on_saved = on_saved

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnit]:
        """Open one unit."""
        async with self._units.begin() as unit:
            yield unit
        if unit.saved:
            self._on_saved(unit.saved)
