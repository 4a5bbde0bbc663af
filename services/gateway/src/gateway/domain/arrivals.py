"""Arrivals: everything a network's reader hears, in the order heard; one lane into one writer keeps that order."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.post import SkipReason


class Stream(StrEnum):
    """The two streams of X that together carry everything."""

    FILTERED = "filtered"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRead:
    """A frame came in on a stream."""

    stream: Stream
    frame: object
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRead:
    """An empty line: the stream is alive and everything before it has been read."""

    stream: Stream
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSkipped:
    """A line nobody can read."""

    stream: Stream
    reason: SkipReason
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOpened:
    """A connection stands; what was posted since the last one is a gap until it is recovered."""

    stream: Stream
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLost:
    """The connection is gone, and why."""

    stream: Stream
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFound:
    """A frame from a search or a list of reposts; it moves no position."""

    frame: object
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GapClosed:
    """Everything of the gap before the connection of `opened_at` has been put in front of this arrival."""

    stream: Stream
    opened_at: datetime


Arrival = FrameRead | HeartbeatRead | LineSkipped | StreamOpened | StreamLost | PostFound | GapClosed
