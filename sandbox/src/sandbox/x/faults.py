"""Faults: what is set to go wrong, on the streams and on calls; everything is right until somebody says otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

CALL_FAULTS_MAX = 100
LOST_MAX = 100_000
"""Ids of lost posts are kept so that a backfill does not bring them; beyond this many the oldest is forgotten."""


class Endpoint(StrEnum):
    """X's names of the two streams."""

    FILTERED = "filtered_stream"
    ACTIVITY = "activity_stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFaults:
    """How one stream misbehaves; `refused_until` is in the event loop's seconds."""

    refused_until: float = 0.0
    copies: int = 1
    delay_seconds: float = 0.0
    reorder_window_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFault:
    """What the next `count` calls that fit meet: an error status, or an answer that comes late or never."""

    count: int
    method: str
    path: str
    status: int | None = None
    delay_seconds: float = 0.0
    cut: bool = False

    def fits(self, method: str, path: str) -> bool:
        """Whether a call is meant; `*` stands for any method, and for any part of a path."""
        return self.method in {"*", method} and fnmatchcase(path, self.path)


@dataclass(slots=True, kw_only=True)
class Faults:
    """All faults in force."""

    streams: dict[Endpoint, StreamFaults] = field(default_factory=lambda: {each: StreamFaults() for each in Endpoint})
    calls: list[CallFault] = field(default_factory=list)
    posts_to_lose: int = 0
    posts_to_lose_of: int | None = None
    _lost: dict[int, None] = field(default_factory=dict)

    def reset(self) -> None:
        """Make everything right again; what was lost stays lost."""
        self.streams = {each: StreamFaults() for each in Endpoint}
        self.calls = []
        self.posts_to_lose = 0
        self.posts_to_lose_of = None

    def change_streams(self, endpoints: Sequence[Endpoint], change: Callable[[StreamFaults], StreamFaults]) -> None:
        """Change how these streams misbehave."""
        for endpoint in endpoints:
            self.streams[endpoint] = change(self.streams[endpoint])

    def lose_posts(self, count: int, *, author_id: int | None) -> None:
        """Keep the next `count` deliverable posts (of that author) from every stream for good."""
        self.posts_to_lose, self.posts_to_lose_of = count, author_id

    def loses(self, post_id: int, *, author_id: int) -> bool:
        """Whether this post is one to lose; asking counts it."""
        if self.posts_to_lose == 0 or self.posts_to_lose_of not in {None, author_id}:
            return False
        self.posts_to_lose -= 1
        self._lost[post_id] = None
        if len(self._lost) > LOST_MAX:
            del self._lost[next(iter(self._lost))]
        return True

    def was_lost(self, post_id: int) -> bool:
        """Whether a post was lost."""
        return post_id in self._lost

    def add_call(self, fault: CallFault) -> None:
        """Set a fault for calls; beyond the bound the oldest goes."""
        self.calls = [*self.calls, fault][-CALL_FAULTS_MAX:]

    def take_call(self, method: str, path: str) -> CallFault | None:
        """Find the first fault for a call and count it down."""
        for place, fault in enumerate(self.calls):
            if fault.fits(method, path):
                left = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                self.calls[place : place + 1] = left
                return fault
        return None
