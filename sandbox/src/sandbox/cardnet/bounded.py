"""Bounded: a mapping of fixed capacity from which the oldest entry leaves first."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Keeps at most `entries_max` entries; replacing a value keeps its age."""

    def __init__(self, *, entries_max: int) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._entries_max = entries_max

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def get(self, key: K) -> V | None:
        """Give the value, or None when it never came or has left."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value; the oldest entry leaves when there is no room."""
        self._entries[key] = value
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def newest_first(self) -> Iterator[V]:
        """Walk the values, newest first."""
        return reversed(self._entries.values())
