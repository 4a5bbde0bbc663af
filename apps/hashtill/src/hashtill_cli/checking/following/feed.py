"""A feed: one source of changes, read from where the last look ended, and what its look found broken."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from hashtill_cli.checking.findings import Findings, Invariant
from hashtill_cli.checking.sources import Sources

SETTLE = timedelta(seconds=10)
"""Rows this old are committed (no transaction of ours is idle for longer than 5 s), and what they cause is written."""

AT_ONCE = timedelta(0)
SOON = timedelta(seconds=1)
"""The books are read one after the other while the suite goes on."""

K = TypeVar("K")
V = TypeVar("V")


class Feed(Protocol):
    """What the follower looks at again and again."""

    name: str
    invariants: frozenset[Invariant]
    every_seconds: float
    again_after: timedelta
    """A breach is told when it is seen again so much later; nothing: at once, for it cannot be a moment's."""
    behind: timedelta
    """How old the oldest change is that was due for judging and is not judged."""

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Judge what changed since the last look, a bounded part of it; `at` is the database's clock."""


class Recent(Generic[K, V]):
    """The newest entries, at most so many; the oldest leave first."""

    def __init__(self, entries_max: int) -> None:
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._entries_max = entries_max
        self.left = 0
        """How many have left."""

    def __setitem__(self, key: K, value: V) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._entries_max:
            self._kept.popitem(last=False)
            self.left += 1

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def __iter__(self) -> Iterator[K]:
        return iter(self._kept)

    def get(self, key: K) -> V | None:
        """Give an entry; None for one that never was or has left."""
        return self._kept.get(key)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    @property
    def kept(self) -> Mapping[K, V]:
        """Everything, to be read."""
        return self._kept
