"""The follower: each feed in its turn, never more than a small share of the time; what is away is waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from chassis.workers import either
from hashtill_cli.checking.following.away import is_away
from hashtill_cli.checking.following.feed import Feed
from hashtill_cli.checking.following.orders_feed import OrdersFeed
from hashtill_cli.checking.following.reporting import Reporter
from hashtill_cli.checking.following.standing_feeds import StockFeed, WaitingFeed
from hashtill_cli.checking.following.streams_feed import MessagesFeed, OutboxFeed
from hashtill_cli.checking.following.texts_feeds import TextsFeed, WorldFeed
from hashtill_cli.checking.looking import clock
from hashtill_cli.checking.sources import Sources

SHARE_MAX = 0.05
"""Of the time, a feed looks at most so much: when looks take longer they come more seldom."""

LOOK_EVERY_SECONDS = 0.5

Now: TypeAlias = Callable[[Sources], Awaitable[datetime]]


def new_feeds() -> list[Feed]:
    """Make every feed; each begins where what it reads ends at its first look."""
    messages = MessagesFeed()
    return [
        OrdersFeed(), messages, OutboxFeed(messages.streams), StockFeed(), WaitingFeed(), TextsFeed(),
        WorldFeed(),
    ]  # fmt: skip


class Follower:
    """Looks at what is due."""

    def __init__(self, sources: Sources, feeds: Sequence[Feed], *, reporter: Reporter, now: Now = clock) -> None:
        self._sources, self._reporter, self._now = sources, reporter, now
        self._due = {feed.name: (feed, 0.0) for feed in feeds}

    async def run(self, stop: asyncio.Event) -> None:
        """Look until stopped, or until no feed could read anything: then what is read is to be found anew."""
        while not stop.is_set():
            await self.run_once(stop)
            if self._reporter.blind.keys() >= self._due.keys():
                return
            await either(stop, timeout_seconds=LOOK_EVERY_SECONDS)

    async def run_once(self, stop: asyncio.Event, *, all_due: bool = False) -> None:
        """Have every feed look that is due."""
        for feed, due_at in list(self._due.values()):
            if stop.is_set():
                return
            if all_due or time.monotonic() >= due_at:
                took = await self._look(feed)
                pause = max(feed.every_seconds, took / SHARE_MAX)
                self._due[feed.name] = (feed, time.monotonic() + pause)

    async def _look(self, feed: Feed) -> float:
        began = time.monotonic()
        try:
            at = await self._now(self._sources)
            findings = await feed.look(self._sources, at=at)
            took = time.monotonic() - began
            orders = self._sources.books["orders"]
            await self._reporter.tell(feed, findings, at=at, took_seconds=took, orders=orders)
        except Exception as away:
            if not is_away(away):
                raise
            self._reporter.tell_blind(feed, f"{type(away).__name__}: {away}")
        return time.monotonic() - began
