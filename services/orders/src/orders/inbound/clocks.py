"""Clocks: loops that let time pass: expiry, the limits of the database clock, and the watchdog."""

import asyncio
from datetime import timedelta

import structlog

from chassis.workers import either
from orders.domain.limits import Limits
from orders.usecases.pass_time import expire_orders, pass_deadlines, watch_ages
from orders.usecases.ports import Backlog, SocialBacklog, Transactions

EXPIRY_LANES = 2
"""Expiries at once while there is more to do: PostgreSQL has the next batch while the last one is read here."""

AGES_EVERY_SECONDS = 30.0
"""How often the watchdog counts; its alarm is on hours and minutes, not seconds."""


class Clocks:
    """One process's share of everybody's deadlines; replicas pass over each other's locked rows."""

    def __init__(self, *, posts: SocialBacklog, replies: Backlog, transactions: Transactions, limits: Limits) -> None:
        self._posts, self._replies, self._transactions, self._limits = posts, replies, transactions, limits

    async def expire_once(self) -> timedelta:
        """Let what is over expire; gives how long to wait."""
        return await expire_orders(backlog=self._posts, transactions=self._transactions, limits=self._limits)

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

    async def run_watchdog(self, stop: asyncio.Event) -> None:
        """Alarm until stopped; every step is driven again by its own time, so there is nothing else to do."""
        while not stop.is_set():
            await self.watch_once()
            await either(stop, timeout_seconds=AGES_EVERY_SECONDS)

    async def watch_once(self) -> None:
        """Say once what is too old."""
        for state, count in (await watch_ages(transactions=self._transactions)).items():
            structlog.get_logger().error("orders_too_old", state=state, orders=count)
