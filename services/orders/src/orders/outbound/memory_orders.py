"""Orders in memory: the twin of orders in PostgreSQL."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chassis.memory import MemoryTable
from chassis.telemetry import trace_id_of
from kernel.ids import CardmemberId, MerchantId, Network, OrderId
from orders.domain import saga
from orders.domain.change import Cause, Change, looked_at
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.overdue import expire
from orders.domain.purchasing import Standing
from orders.domain.states import State
from orders.usecases.ports import OrderFilter, Postponed, Sought, StoryStep


class MemoryOrders:
    """The orders of one unit."""

    def __init__(
        self,
        table: MemoryTable[OrderId, Order],
        log: MemoryTable[tuple[OrderId, int], StoryStep],
        *,
        at: datetime,
        on_saved: Callable[[Iterable[Order]], None],
    ) -> None:
        self._table, self._log, self._at, self._on_saved = table, log, at, on_saved

    async def lock(self, order_ids: Iterable[OrderId]) -> dict[OrderId, Order]:
        """Read these; a unit is alone."""
        return {order_id: self._table[order_id] for order_id in sorted(set(order_ids)) if order_id in self._table}

    async def lock_sought(self, sought: Sought) -> list[Order]:
        """Read what posts may touch."""
        return self._where(
            lambda order: (
                str(order.confirmation_tag) in set(sought.tags)
                or (order.network, order.prompt_post_id) in set(sought.prompts)
                or (order.cardmember_id in sought.prompting and order.state is State.PROMPTING)
                or order.order_id in sought.order_ids
            )
        )

    async def lock_of_members(self, cardmembers: Iterable[CardmemberId]) -> list[Order]:
        """Read cardmembers' orders that are not final."""
        wanted = set(cardmembers)
        return self._where(lambda order: order.cardmember_id in wanted and order.state not in saga.FINAL)

    async def lock_overdue(self, states: frozenset[State], *, at: datetime, count_max: int) -> list[Order]:
        """Read orders whose limit has passed."""
        due = self._where(lambda order: order.state in states and (order.deadline_at or at + timedelta(1)) <= at)
        return sorted(due, key=lambda order: order.deadline_at or at)[:count_max]

    async def lease_due(self, *, at: datetime, lease: timedelta, count_max: int) -> list[Order]:
        """Take steps that are due."""
        due = self._where(lambda order: order.next_step_at is not None and order.next_step_at <= at)
        leased = [
            replace(order, next_step_at=at + lease, attempts=order.attempts + 1)
            for order in sorted(due, key=lambda order: order.next_step_at or at)[:count_max]
        ]
        self._table.update({order.order_id: order for order in leased})
        return leased

    async def postpone(self, postponed: Sequence[Postponed]) -> None:
        """Set when steps are tried again, unless the order has a newer version."""
        for each in postponed:
            order = self._table.get(each.order.order_id)
            if order is not None and order.version == each.order.version and order.next_step_at is not None:
                attempts = max(order.attempts, each.order.attempts)
                later = replace(order, next_step_at=each.next_step_at, attempts=attempts)
                self._table[order.order_id] = later

    async def expire(self, network: Network, *, cutoff_at: datetime, at: datetime, count_max: int) -> list[datetime]:
        """Let unconfirmed orders expire, by the domain's own rule."""
        cause = Cause(at=at, limits=Limits(), id="deadline")
        waiting = sorted(self._awaiting(network), key=lambda order: order.deadline_at or at)
        changes = [expire(looked_at(order), cutoff_at, cause) for order in waiting]
        expired = self._write([change for change in changes if change.moved][:count_max])
        return [change.order.confirm_by for change in expired if change.order.confirm_by]

    async def first_deadlines(self) -> dict[Network, datetime]:
        """Find the earliest deadline of each network."""
        waiting = self._where(lambda each: each.state is State.AWAITING_CONFIRMATION)
        latest_first = sorted(waiting, key=lambda each: each.deadline_at or self._at, reverse=True)
        return {order.network: order.deadline_at for order in latest_first if order.deadline_at}

    async def lock_standings(
        self, cardmembers: Iterable[CardmemberId], *, at: datetime, limits: Limits
    ) -> dict[CardmemberId, Standing]:
        """Count unconfirmed orders and find the latest expiries."""
        since = at - limits.expiries_within - limits.cool_down
        standings = {}
        for member in set(cardmembers):
            own = self._where(lambda order, member=member: order.cardmember_id == member and order.created_at > since)  # type: ignore[misc] # mypy cannot type a default in a lambda
            expiries = sorted((order.updated_at for order in own if order.state is State.EXPIRED), reverse=True)
            unconfirmed = sum(order.state in saga.UNCONFIRMED for order in own)
            if own:
                standings[member] = Standing(unconfirmed=unconfirmed, expiries=tuple(expiries[: limits.expiries_max]))
        return standings

    async def save(self, changes: Sequence[Change]) -> list[Change]:
        """Write what moved by compare-and-set, then the winners' stories."""
        saved = self._write(changes)
        self._on_saved(change.order for change in saved if change.moved)
        return saved

    async def get(self, order_ids: Sequence[OrderId]) -> dict[OrderId, Order]:
        """Read these."""
        return await self.lock(order_ids)

    async def page(self, wanted: OrderFilter, *, after: tuple[datetime, OrderId] | None, count_max: int) -> list[Order]:
        """List orders, newest first."""
        found = self._where(lambda order: _matches(order, wanted) and (after is None or _position(order) < after))
        return sorted(found, key=_position, reverse=True)[:count_max]

    async def shipments_due(
        self, merchant_id: MerchantId, *, after: tuple[datetime, OrderId] | None, count_max: int
    ) -> list[Order]:
        """List what a merchant may accept or must ship, oldest first."""
        due = {State.READY_TO_SHIP, State.SHIPPING}
        found = self._where(
            lambda order: (
                order.terms is not None
                and order.terms.merchant_id == merchant_id
                and order.state in due
                and (after is None or _position(order) > after)
            )
        )
        return sorted(found, key=_position)[:count_max]

    async def story(self, order_id: OrderId) -> list[StoryStep]:
        """Read an order's steps."""
        return [step for (of_order, _), step in sorted(self._log.items()) if of_order == order_id]

    async def stale(self, *, at: datetime) -> dict[State, int]:
        """Count the orders that are older in their state than twice its maximum."""
        counts: dict[State, int] = {}
        for order in self._table.values():
            age = saga.MAX_AGE.get(order.state)
            if age is not None and order.updated_at < at - 2 * age:
                counts[order.state] = counts.get(order.state, 0) + 1
        return counts

    def _write(self, changes: Sequence[Change]) -> list[Change]:
        winners = [change for change in changes if not change.moved or self._wins(change)]
        for change in winners:
            if change.moved:
                self._table[change.order.order_id] = change.order
                self._tell_story(change)
        return winners

    def _wins(self, change: Change) -> bool:
        order = self._table.get(change.order.order_id)
        if order is None or change.before is None:
            return order is change.before
        return (order.version, order.state) == (change.before.version, change.before.state)

    def _tell_story(self, change: Change) -> None:
        trace_id = trace_id_of(change.order.traceparent) or ""
        for step in change.steps:
            self._log[change.order.order_id, step.version] = StoryStep(step=step, at=self._at, trace_id=trace_id)

    def _awaiting(self, network: Network) -> list[Order]:
        return self._where(lambda order: order.network == network and order.state is State.AWAITING_CONFIRMATION)

    def _where(self, matches: Callable[[Order], bool]) -> list[Order]:
        return sorted((each for each in self._table.values() if matches(each)), key=lambda each: each.order_id)


def _position(order: Order) -> tuple[datetime, OrderId]:
    return order.created_at, order.order_id


def _matches(order: Order, wanted: OrderFilter) -> bool:
    return (
        wanted.cardmember_id in {None, order.cardmember_id}
        and (not wanted.states or order.state in wanted.states)
        and wanted.network in {None, order.network}
        and wanted.post_id in {None, order.post_id}
    )
