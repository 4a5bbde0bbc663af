"""Positions: how far each stream has been read, and the watermark that follows from all of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from gateway.domain.arrivals import (
    Arrival,
    FrameRead,
    GapClosed,
    HeartbeatRead,
    LineSkipped,
    PostFound,
    Stream,
    StreamLost,
    StreamOpened,
)


class StreamState(StrEnum):
    """Whether a connection stands."""

    NEVER_OPENED = "never_opened"
    OPEN = "open"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far one stream has been read.

    `read_until`: all its posts up to here are read, were there no gap. `gap_from`: the end of what is surely read,
    while a gap is open. `since`: when `state` began.
    """

    stream: Stream
    state: StreamState = StreamState.NEVER_OPENED
    since: datetime | None = None
    last_heard_at: datetime | None = None
    read_until: datetime | None = None
    gap_from: datetime | None = None
    why_lost: str = ""

    @property
    def surely_read_until(self) -> datetime | None:
        """Say up to when nothing of this stream can be missing; frozen while a gap is open."""
        return self.gap_from or self.read_until


def watermark_of(positions: Iterable[Position]) -> datetime | None:
    """Say up to when all posts are read: the least of all streams; None until each has been read once."""
    reached = [position.surely_read_until for position in positions]
    known = [moment for moment in reached if moment is not None]
    return min(known) if known and len(known) == len(reached) else None


def advance(position: Position, arrival: Arrival, *, latency: timedelta, posted_at: datetime | None = None) -> Position:
    """Move a stream's position by one of its arrivals.

    `latency`: how late the network may deliver. `posted_at`: the post time of the frame, if it carries a new post.
    """
    match arrival:
        case FrameRead():
            return _read(position, arrival.at, latency=latency, posted_at=posted_at)
        case HeartbeatRead() | LineSkipped():
            return _read(position, arrival.at, latency=latency, posted_at=None)
        case StreamOpened():
            return _opened(position, arrival.at, latency=latency)
        case StreamLost():
            return replace(position, state=StreamState.LOST, since=arrival.at, why_lost=arrival.why)
        case GapClosed():
            return replace(position, gap_from=None) if position.since == arrival.opened_at else position
        case PostFound():
            return position
        case _:
            assert_never(arrival)


def _read(position: Position, at: datetime, *, latency: timedelta, posted_at: datetime | None) -> Position:
    """Reach `at` less the latency; a frame older than that says the network is behind: then only its own time."""
    reached = at - latency if posted_at is None else min(at - latency, posted_at)
    until = reached if position.read_until is None else max(position.read_until, reached)
    return replace(position, last_heard_at=at, read_until=until)


def _opened(position: Position, at: datetime, *, latency: timedelta) -> Position:
    """Start the record with the first connection ever; any later one opens a gap from what was surely read.

    The same connection told again (its batch is written a second time) changes nothing.
    """
    if position.state is StreamState.OPEN and position.since == at:
        return position
    opened = replace(position, state=StreamState.OPEN, since=at, why_lost="")
    if position.read_until is None:
        return replace(opened, read_until=at - latency)
    return replace(opened, gap_from=position.surely_read_until)
