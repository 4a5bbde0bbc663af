"""Watchers: who watches an order hears of its change after the commit; a poll brings what other replicas did."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from chassis.workers import either
from kernel.ids import OrderId
from kernel.refusals import Refusal, RefusalKind, RefusedError
from orders.domain import saga
from orders.domain.order import Order
from orders.domain.shipping import NOT_FOUND
from orders.usecases.ports import Transactions
from orders.usecases.read_orders import get_orders

WATCHERS_MAX = 1_000
"""Streams a server keeps (orders_service.proto)."""

POLL_SECONDS = 1.0
"""The net under the wake-up: a change made by another replica is seen this late at most."""

TOO_BUSY = Refusal(
    kind=RefusalKind.EXHAUSTED, reason="TOO_BUSY", message="Too many orders are being watched here; try again soon."
)


class Watchers:
    """Wakes the streams that watch an order."""

    def __init__(self, *, watchers_max: int = WATCHERS_MAX) -> None:
        self._watching: dict[OrderId, set[asyncio.Event]] = {}
        self._count, self._watchers_max = 0, watchers_max

    def saved(self, orders: Sequence[Order]) -> None:
        """Wake whoever watches these."""
        for order in orders:
            for event in self._watching.get(order.order_id, ()):
                event.set()

    async def watch(
        self, order_id: OrderId, *, transactions: Transactions, stopping: asyncio.Event
    ) -> AsyncIterator[Order]:
        """Give the order at once, then after each change, until it is final or the server stops."""
        with self._registered(order_id) as changed:
            version = 0
            while not stopping.is_set():
                changed.clear()
                order = (await get_orders([order_id], transactions=transactions)).get(order_id)
                if order is None:
                    raise RefusedError(NOT_FOUND)
                if order.version > version:
                    version = order.version
                    yield order
                if order.state in saga.FINAL:
                    return
                await either(changed, stopping, timeout_seconds=POLL_SECONDS)

    @contextmanager
    def _registered(self, order_id: OrderId) -> Iterator[asyncio.Event]:
        if self._count >= self._watchers_max:
            raise RefusedError(TOO_BUSY)
        changed = asyncio.Event()
        self._count += 1
        self._watching.setdefault(order_id, set()).add(changed)
        try:
            yield changed
        finally:
            self._count -= 1
            self._watching[order_id].discard(changed)
            if not self._watching[order_id]:
                del self._watching[order_id]
