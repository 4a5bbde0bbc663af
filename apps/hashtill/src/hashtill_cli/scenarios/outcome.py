"""Outcomes: what must have come of a story, what was seen instead, and how long it took."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from hashtill_cli.scenarios.waiting import eventually

END_SECONDS_MAX = 45.0
"""From a story's last deed to its end: remorse, shipment and capture of a demo take 12 s, an expiry 25 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Something that must be true at the end; `read` asks whoever knows it."""

    what: str
    expected: object
    read: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An expectation that was looked at."""

    what: str
    expected: object
    seen: object

    @property
    def holds(self) -> bool:
        """Whether it was as it should be."""
        return self.expected == self.seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a story ended."""

    title: str
    seconds: float
    posts: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    expectations: Sequence[Expectation] = field(default=(), repr=False)
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether all was as it should be."""
        return not self.problem and all(finding.holds for finding in self.findings)

    @property
    def failed(self) -> Sequence[Finding]:
        """Give what was not as it should be."""
        return [finding for finding in self.findings if not finding.holds]


async def look(expectations: Sequence[Expectation], *, seconds: float = END_SECONDS_MAX) -> Sequence[Finding]:
    """Look at each until it holds, but no longer than so many seconds."""
    return await asyncio.gather(*(_look(each, seconds=seconds) for each in expectations))


async def _look(expectation: Expectation, *, seconds: float) -> Finding:
    seen = await eventually(expectation.read, lambda answer: answer == expectation.expected, seconds=seconds)
    return Finding(what=expectation.what, expected=expectation.expected, seen=seen)
