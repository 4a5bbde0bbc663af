"""Reporting: each breach once, as a line with its order's history, and what the following costs as metrics."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from opentelemetry.metrics import CallbackOptions, Observation

from chassis.exporting import meter
from hashtill_cli.checking.findings import TITLES, Breach, Findings, Invariant
from hashtill_cli.checking.following.feed import Feed, Recent
from hashtill_cli.checking.reading.databases import Book
from hashtill_cli.checking.run import Check
from hashtill_cli.checking.stories import Stories, stories_of

Key: TypeAlias = tuple[str, ...]

SUSPECTS_MAX = 10_000
TOLD_MAX = 100_000
"""Breaches remembered so that none is told twice; a suite that has more has been broken for long."""

FORGOTTEN_AFTER = timedelta(minutes=15)
"""What was seen once and not again for so long was a moment's."""

_meter = meter("hashtill.checker")
_checked = _meter.create_counter("hashtill.checker.checked", description="What was judged, by invariant.")
_breaches = _meter.create_counter("hashtill.checker.breaches", description="Breaches told, by invariant.")
_blind = _meter.create_counter("hashtill.checker.blind", description="Looks that could not read what they look at.")
_duration = _meter.create_histogram("hashtill.checker.duration", unit="s", description="How long a look took.")


class Reporter:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._suspects = Recent[Key, tuple[datetime, datetime]](SUSPECTS_MAX)
        self._told = Recent[Key, bool](TOLD_MAX)
        self.blind: dict[str, str] = {}
        self._judged: dict[tuple[Invariant, str], float] = {}
        """Up to which moment (of this process's own clock) a feed's part of an invariant is judged."""
        _meter.create_observable_gauge(
            "hashtill.checker.lag",
            [self._observe],
            unit="s",
            description="Age of the oldest change not judged.",
        )

    async def tell(self, feed: Feed, findings: Findings, *, at: datetime, took_seconds: float, orders: Book) -> None:
        """Tell what is broken for long enough and was not told, and measure the look."""
        for invariant in feed.invariants:
            _checked.add(sum(findings.counts.get(invariant, {}).values()), {"invariant": invariant})
            _duration.record(took_seconds, {"invariant": invariant, "feed": feed.name})
            self._judged[invariant, feed.name] = time.monotonic() - feed.behind.total_seconds()
        if self.blind.pop(feed.name, None):
            structlog.get_logger().info("checker_sees_again", feed=feed.name)
        standing = [each for each in findings.breaches if self._stands(each, feed.again_after, at)]
        if standing:
            self._tell(standing, await stories_of(standing, orders=orders))

    def tell_whole(self, check: Check, *, took_seconds: float) -> None:
        """Tell what a whole check found and no feed told, and measure it."""
        for verdict in check.verdicts:
            _checked.add(sum(verdict.counts.values()), {"invariant": verdict.invariant})
            _duration.record(took_seconds, {"invariant": verdict.invariant, "feed": "whole"})
            self._tell([each for each in verdict.breaches if each.key not in self._told], check.stories)

    def tell_blind(self, feed: Feed, cause: str) -> None:
        """Say once that a feed cannot read, and count it each time."""
        for invariant in feed.invariants:
            _blind.add(1, {"invariant": invariant, "feed": feed.name})
        if self.blind.get(feed.name) is None:
            structlog.get_logger().warning("checker_blind", feed=feed.name, cause=cause)
        self.blind[feed.name] = cause

    def _stands(self, breach: Breach, again_after: timedelta, at: datetime) -> bool:
        if breach.key in self._told:
            return False
        first, last = self._suspects.get(breach.key) or (at, at)
        if at - last > FORGOTTEN_AFTER:
            first = at
        self._suspects[breach.key] = (first, at)
        return at - first >= again_after

    def _tell(self, breaches: Iterable[Breach], stories: Stories) -> None:
        for breach in {each.key: each for each in breaches}.values():
            self._told[breach.key] = True
            _breaches.add(1, {"invariant": breach.invariant})
            structlog.get_logger().error(
                "invariant_broken",
                invariant=breach.invariant,
                promise=TITLES[breach.invariant],
                what=breach.what,
                ids=breach.ids,
                order_id=breach.order_id,
                story=[str(step) for step in stories.get(breach.order_id or "", ())],
            )

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        now = time.monotonic()
        return [
            Observation(now - until, {"invariant": invariant, "feed": feed})
            for (invariant, feed), until in self._judged.items()
        ]
