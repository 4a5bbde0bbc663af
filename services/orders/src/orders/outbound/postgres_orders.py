"""Orders in PostgreSQL: each method one set-based statement in the running transaction."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.telemetry import trace_id_of
from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from kernel.ids import CardmemberId, MerchantId, Network, OrderId, order_id_of
from orders.domain import saga
from orders.domain.change import Change, Step
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.purchasing import Standing
from orders.domain.states import State
from orders.outbound import order_sql
from orders.outbound.order_reading import order_of
from orders.outbound.order_rows import differing, end_of, fixed_of, state_of
from orders.usecases.ports import OrderFilter, Postponed, Sought, StoryStep

TRACES_KEPT = 4_096
"""Traces read lately: an order has one, and writes it with each of its steps."""

_trace_id_of = lru_cache(maxsize=TRACES_KEPT)(trace_id_of)


class PostgresOrders:
    """The orders of one transaction; `on_saved` gets every order as it was written."""

    def __init__(self, connection: AsyncConnection, *, on_saved: Callable[[Iterable[Order]], None]) -> None:
        self._connection, self._on_saved = connection, on_saved

    async def lock(self, order_ids: Iterable[OrderId]) -> dict[OrderId, Order]:
        """Read and lock these."""
        return {order.order_id: order for order in await self._orders(order_sql.LOCK, list(order_ids))}

    async def lock_sought(self, sought: Sought) -> list[Order]:
        """Read and lock what posts may touch, each way by its own index."""
        networks, prompts = columns_of(sought.prompts, count=2)
        return await self._orders(
            order_sql.LOCK_SOUGHT,
            list(sought.tags),
            networks,
            prompts,
            list(sought.prompting),
            list(sought.order_ids),
        )

    async def lock_of_members(self, cardmembers: Iterable[CardmemberId]) -> list[Order]:
        """Read and lock cardmembers' orders that are not final."""
        return await self._orders(order_sql.LOCK_OF_MEMBERS, list(cardmembers))

    async def lock_overdue(self, states: frozenset[State], *, at: datetime, count_max: int) -> list[Order]:
        """Read and lock orders whose limit has passed; locked ones are passed over."""
        return await self._orders(order_sql.lock_overdue(states), at, count_max)

    async def lease_due(self, *, at: datetime, lease: timedelta, count_max: int) -> list[Order]:
        """Take steps that are due; locked ones are passed over."""
        return await self._orders(order_sql.LEASE_DUE, at, at + lease, count_max)

    async def postpone(self, postponed: Sequence[Postponed]) -> None:
        """Set when steps are tried again, unless the order has a newer version."""
        rows = [(each.order.order_id, each.order.version, each.next_step_at, each.order.attempts) for each in postponed]
        if rows:
            await execute_unnest(self._connection, order_sql.POSTPONE, *columns_of(rows, count=4))

    async def expire(self, network: Network, *, cutoff_at: datetime, at: datetime, count_max: int) -> list[datetime]:
        """Let unconfirmed orders expire, with their story, in one statement that brings nothing but their windows."""
        return [row["confirm_by"] for row in await self._rows(order_sql.EXPIRE, network, cutoff_at, count_max, at)]

    async def first_deadlines(self) -> dict[Network, datetime]:
        """Read each network's first entry of the deadlines' index."""
        rows = await self._rows(order_sql.FIRST_DEADLINES)
        return {Network(row["network"]): row["deadline_at"] for row in rows}

    async def lock_standings(
        self, cardmembers: Iterable[CardmemberId], *, at: datetime, limits: Limits
    ) -> dict[CardmemberId, Standing]:
        """Count unconfirmed orders and find the latest expiries, among the orders young enough to matter."""
        members, since = sorted(cardmembers), at - limits.expiries_within - limits.cool_down
        await self._rows(order_sql.LOCK_MEMBERS, members)
        rows = await self._rows(order_sql.STANDINGS, members, since, limits.expiries_max)
        return {
            row["cardmember_id"]: Standing(unconfirmed=row["unconfirmed"], expiries=tuple(row["expiries"] or ()))
            for row in rows
        }

    async def save(self, changes: Sequence[Change]) -> list[Change]:
        """Write what moved by compare-and-set, and the winners' stories with it."""
        moved = [change for change in changes if change.moved]
        inserted = [change for change in moved if change.before is None]
        updated = [change for change in moved if change.before is not None]
        written = await self._insert(inserted) | await self._update(updated)
        saved = [change for change in changes if not change.moved or change.order.order_id in written]
        self._on_saved(change.order for change in saved if change.moved)
        return saved

    async def get(self, order_ids: Sequence[OrderId]) -> dict[OrderId, Order]:
        """Read these."""
        return {order.order_id: order for order in await self._orders(order_sql.GET, list(order_ids))}

    async def page(self, wanted: OrderFilter, *, after: tuple[datetime, OrderId] | None, count_max: int) -> list[Order]:
        """List orders, newest first."""
        states = list(wanted.states) or None
        at, order_id = after or (None, None)
        of_post = (
            order_id_of(network=wanted.network, post_id=wanted.post_id) if wanted.network and wanted.post_id else None
        )
        asked = (wanted.cardmember_id, states, wanted.network, of_post, at, order_id, count_max)
        return await self._orders(order_sql.PAGE, *asked)

    async def shipments_due(
        self, merchant_id: MerchantId, *, after: tuple[datetime, OrderId] | None, count_max: int
    ) -> list[Order]:
        """List what a merchant may accept or must ship, oldest first."""
        at, order_id = after or (None, None)
        return await self._orders(order_sql.SHIPMENTS_DUE, merchant_id, at, order_id, count_max)

    async def story(self, order_id: OrderId) -> list[StoryStep]:
        """Read an order's steps."""
        return [
            StoryStep(step=_step_of(row), at=row["at"], trace_id=row["trace_id"])
            for row in await self._rows(order_sql.STORY, order_id)
        ]

    async def stale(self, *, at: datetime) -> dict[State, int]:
        """Count the orders that are older in their state than twice its maximum."""
        oldest = [(state, at - 2 * age) for state, age in saga.MAX_AGE.items()]
        rows = await self._rows(order_sql.STALE, *columns_of(oldest, count=2), at)
        return {State(row["state"]): row["orders"] for row in rows}

    async def _insert(self, changes: Sequence[Change]) -> set[OrderId]:
        if not changes:
            return set()
        rows = [(*fixed_of(change.order), *state_of(change.order), *end_of(change.order)) for change in changes]
        return await self._ids(order_sql.INSERT, [*columns_of(rows, count=len(rows[0])), *_story_of(changes)])

    async def _update(self, changes: Sequence[Change]) -> set[OrderId]:
        """Write only the sections that changed: each value of an array costs, here and in the database."""
        pairs = [(change.before, change.order) for change in changes if change.before is not None]
        if not pairs:
            return set()
        sections = differing(pairs)
        columns = tuple(column for section in sections for column in section.columns.items())
        rows = [
            (
                before.order_id,
                before.version,
                before.state,
                *(value for section in sections for value in section.values(after)),
            )
            for before, after in sorted(pairs, key=lambda pair: pair[0].order_id)
        ]
        given = [*columns_of(rows, count=len(columns) + 3), *_story_of(changes)]
        return await self._ids(order_sql.update(columns), given)

    async def _orders(self, statement: str, *columns: Any) -> list[Order]:
        return [order_of(row) for row in await self._rows(statement, *columns)]

    async def _ids(self, statement: str, columns: Sequence[Any]) -> set[OrderId]:
        return {row["order_id"] for row in await self._rows(statement, *columns)}

    async def _rows(self, statement: str, *columns: Any) -> list[Any]:
        return list(await fetch_unnest(self._connection, statement, *columns))


def _story_of(changes: Sequence[Change]) -> list[list[Any]]:
    rows = [_log_row(change.order, step) for change in changes for step in change.steps]
    return columns_of(rows, count=order_sql.STEP_COLUMNS)


def _log_row(order: Order, step: Step) -> tuple[Any, ...]:
    trace_id = _trace_id_of(order.traceparent) or ""
    return (
        order.order_id,
        step.version,
        step.from_state,
        step.to_state,
        step.cause,
        step.cause_id,
        step.detail,
        trace_id,
    )


def _step_of(row: Any) -> Step:
    return Step(
        version=row["version"],
        from_state=State(row["from_state"]) if row["from_state"] else None,
        to_state=State(row["to_state"]),
        cause=row["cause"],
        cause_id=row["cause_id"],
        detail=row["detail"],
    )
