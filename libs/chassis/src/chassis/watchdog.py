"""The watchdog: counts what is past twice its maximum age, tells it while it lasts, and keeps the counts in a gauge."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeAlias, TypeVar

import structlog

from chassis.exporting import meter
from chassis.workers import Worker

EVERY_SECONDS = 30.0
"""How often it counts; its alarm is on minutes and hours, not seconds."""

_too_old = meter("hashtill.watchdog").create_gauge(
    "hashtill.watchdog.too_old", description="What is past twice its maximum age, by what it is and its kind."
)

K = TypeVar("K", bound=str)

Count: TypeAlias = Callable[[], Awaitable[Mapping[K, int]]]
"""Counts what is too old, by kind (an order's state, an operation's kind); a kind without any may be left out."""


class Watchdog(Generic[K]):
    """Watches one sort of thing: `lifecycle.add_worker("watchdog", Watchdog("orders", count).run)`."""

    def __init__(self, what: str, count: Count[K]) -> None:
        self._what, self._count = what, count
        self._kinds: set[K] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Count until stopped."""
        await Worker(self.run_once, poll_seconds=EVERY_SECONDS).run(stop)

    async def run_once(self) -> bool:
        """Count, tell and keep; gives that there is nothing to do at once."""
        found = await self._count()
        self._kinds |= found.keys()
        for kind in sorted(self._kinds):
            _too_old.set(found.get(kind, 0), {"what": self._what, "kind": kind})
        for kind, count in found.items():
            if count:
                structlog.get_logger().error(f"{self._what}_too_old", kind=kind, count=count)
        return False
