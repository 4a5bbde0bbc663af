"""Clocks: loops that let time pass: expiry, and the limits that the database clock judges."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.exporting import meter
from chassis.workers import either
from orders.domain.limits import Limits
from orders.usecases.pass_time import OnExpired, expire_orders, pass_deadlines
from orders.usecases.ports import Backlog, SocialBacklog, Transactions

EXPIRY_LANES = 2
"""Expiries at once while there is more to do: PostgreSQL has the next batch while the last one is read here."""

_lateness = meter("hashtill.orders").create_histogram(
    "hashtill.orders.expiry_lateness",
    unit="s",
    description="How long after window and slack the latest of a batch expired.",
)


class Clocks:
    """One process's share of everybody's deadlines; replicas pass over each other's locked rows."""

    def __init__(
        self,
        *,
        posts: SocialBacklog,
        replies: Backlog,
        transactions: Transactions,
        limits: Limits,
        on_expired: OnExpired | None = None,
    ) -> None:
        self._posts, self._replies, self._transactions, self._limits = posts, replies, transactions, limits
        self._on_expired = on_expired or self._note_lateness

    async def expire_once(self) -> timedelta:
        """Let what is over expire; gives how long to wait."""
        return await expire_orders(
            backlog=self._posts, transactions=self._transactions, limits=self._limits, on_expired=self._on_expired
        )

    async def run_expiry(self, stop: asyncio.Event) -> None:
        """Expire until stopped: by one lane, by several while a batch is full."""
        lanes = 1
        while not stop.is_set():
            wait = min(await asyncio.gather(*(self.expire_once() for _ in range(lanes))))
            lanes = 1 if wait else EXPIRY_LANES
            await either(stop, timeout_seconds=wait.total_seconds())

    async def limits_once(self) -> bool:
        """Pass the limits that the database clock judges; gives whether there may be more."""
        return await pass_deadlines(replies=self._replies, transactions=self._transactions, limits=self._limits)

    def _note_lateness(self, window_ends: Sequence[datetime], at: datetime) -> None:
        _lateness.record((at - min(window_ends) - self._limits.slack).total_seconds())
