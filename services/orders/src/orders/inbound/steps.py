"""Steps: saved orders go from memory to their command's runner at once; the poll takes what was left behind."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from chassis.telemetry import batch_span
from kernel.ids import OrderId
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.saga import command_of
from orders.domain.states import Command
from orders.usecases.ports import Transactions
from orders.usecases.take_steps import (
    PAUSE_AWAY_SECONDS,
    STEPS_MAX,
    Peers,
    keep_leases,
    lease_steps,
    postpone_steps,
    take_steps,
)

WAITING_MAX = 10_000
"""Leased orders a command may have waiting here; what does not fit is taken by the poll when its lease runs out."""

POLL_SECONDS = 0.25
"""The net under the normal path."""

KEEP_EVERY_SECONDS = 1.0
"""A step that takes longer than this has its lease kept: several times within a lease."""

KEPT_SECONDS_MAX = 30.0
"""A step that takes longer hangs: its lease is let go, and whoever polls takes it."""

LANES = 2
"""Runners a command: while one waits for its peer, the next batch is under way."""


class Steps:
    """The step runner: `offer` saved orders, `run` a command's lane, `poll` for what is due."""

    def __init__(
        self,
        *,
        peers: Peers,
        transactions: Transactions,
        limits: Limits,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        self._peers, self._transactions, self._limits, self._clock = peers, transactions, limits, clock
        self._waiting = {command: asyncio.Queue[Order](WAITING_MAX) for command in Command}
        self._in_hand: dict[OrderId, tuple[Order, float]] = {}
        """Every order whose step is leased to this process, and since when."""

    def offer(self, saved: Sequence[Order]) -> None:
        """Take orders whose change just now leased their next step to this process."""
        for order in saved:
            if order.next_step_at == order.updated_at + self._limits.lease:
                self._put(order)

    async def poll_once(self) -> bool:
        """Lease what is due and nobody holds, while there is room for it here; gives whether there may be more."""
        if any(queue.qsize() > WAITING_MAX - STEPS_MAX for queue in self._waiting.values()):
            return False
        due = await lease_steps(transactions=self._transactions, limits=self._limits)
        for order in due:
            self._put(order)
        return len(due) == STEPS_MAX

    async def keep_once(self) -> bool:
        """Keep the leases of steps that take long; gives False: there is never more to do at once."""
        now = self._clock()
        slow = [
            order for order, since in self._in_hand.values() if KEEP_EVERY_SECONDS <= now - since < KEPT_SECONDS_MAX
        ]
        if slow:
            await keep_leases(slow, transactions=self._transactions, limits=self._limits)
        return False

    async def run_once(self, command: Command, *, first: Order | None = None) -> int:
        """Do one batch of what waits for a command; gives how many orders it had."""
        batch = [first] if first is not None else []
        queue = self._waiting[command]
        while len(batch) < STEPS_MAX and not queue.empty():
            batch.append(queue.get_nowait())
        orders = list({order.order_id: order for order in batch}.values())
        try:
            if orders:
                with batch_span(f"orders {command}", (order.traceparent for order in orders), batch_size=len(orders)):
                    await self._take(command, orders)
        finally:
            self._let_go(batch)
        return len(orders)

    async def run(self, command: Command, stop: asyncio.Event) -> None:
        """Do a command's batches until stopped; a batch is what waits, never longer than it takes to look."""
        queue = self._waiting[command]
        while not stop.is_set():
            try:
                first = await asyncio.wait_for(queue.get(), timeout=POLL_SECONDS)
            except TimeoutError:
                continue
            await self.run_once(command, first=first)

    async def _take(self, command: Command, orders: Sequence[Order]) -> None:
        """Do a batch; when it fails, each order by itself, so that a guilty one does not hold up its mates."""
        try:
            await take_steps(command, orders, peers=self._peers, transactions=self._transactions, limits=self._limits)
        except ConnectionError as away:
            structlog.get_logger().warning("step_waits", command=command, cause=str(away))
            await postpone_steps(
                orders, transactions=self._transactions, limits=self._limits, most_seconds=PAUSE_AWAY_SECONDS
            )
        except Exception:  # noqa: BLE001 - whatever a step raises is its own failure: it is logged and tried again
            structlog.get_logger().exception("step_failed", command=command, batch_size=len(orders))
            await self._one_by_one(command, orders)

    async def _one_by_one(self, command: Command, orders: Sequence[Order]) -> None:
        if len(orders) == 1:
            await postpone_steps(orders, transactions=self._transactions, limits=self._limits)
            return
        for order in orders:
            await self._take(command, [order])

    def _let_go(self, batch: Sequence[Order]) -> None:
        """Keep these no longer; what moved on to its next step is kept as what it is now."""
        for order in batch:
            if self._in_hand.get(order.order_id, (None, 0.0))[0] is order:
                del self._in_hand[order.order_id]

    def _put(self, order: Order) -> None:
        command = command_of(order.state, authorized=order.charge.charge_id is not None)
        if command is not None and not self._waiting[command].full():
            self._waiting[command].put_nowait(order)
            self._in_hand[order.order_id] = order, self._clock()
