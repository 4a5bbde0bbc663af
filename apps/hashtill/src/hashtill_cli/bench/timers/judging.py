"""Judging timers: what fired early, how late the rest was, and when a backlog was gone. Pure; times in seconds."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CAUGHT_UP_WITHIN_SECONDS = 0.25
"""A backlog is gone when nothing is later than orders ever are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An order that expired: when it was due (the end of its window and the slack), and when its row changed."""

    due_at: float
    fired_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A watermark: when it was begun to be written, and up to when the network is read."""

    written_at: float
    up_to: float


def due_at(window_end: float, slack: float) -> float:
    """Add the slack, to the microsecond both are of: a bare sum of floats may lie behind the watermark it equals."""
    return round(window_end + slack, 6)


def early(fired: Iterable[Fired], heard: Sequence[Heard]) -> int:
    """Count what fired before it was due, or before a watermark said that everything up to then is read."""
    marks = sorted(heard, key=lambda each: each.up_to)
    reached = [each.up_to for each in marks]

    def allowed_at(due_at: float) -> float:
        place = bisect_left(reached, due_at)
        return max(due_at, marks[place].written_at) if place < len(marks) else float("inf")

    return sum(each.fired_at < allowed_at(each.due_at) for each in fired)


def caught_up_at(fired: Iterable[Fired], *, since: float) -> float:
    """Say when, from a moment on, nothing was overdue any more for the first time."""
    over = since
    for each in sorted(fired, key=lambda each: each.due_at):
        if each.due_at + CAUGHT_UP_WITHIN_SECONDS > over:
            break
        over = max(over, each.fired_at)
    return over


def late_percentile(late_ms: Counter[int], percent: int) -> int:
    """Give the lateness that so many per cent do not exceed (nearest rank); 0 of nothing."""
    wanted, seen = -(-late_ms.total() * percent // 100), 0
    for milliseconds in sorted(late_ms):
        seen += late_ms[milliseconds]
        if seen >= wanted:
            return milliseconds
    return 0
