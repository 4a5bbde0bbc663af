"""The ports in memory, for use-case tests: the same contract as PostgreSQL (one shared suite holds both)."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

from chassis.idempotency import Claim, FirstTime, repeat_of
from chassis.messages import day_of
from chassis.outbox import Outgoing, id_of

U = TypeVar("U")
K = TypeVar("K")
V = TypeVar("V")


class Restorable(Protocol):
    """A part of a memory store that can be put back as it was."""

    def snapshot(self) -> Any:
        """Give a copy of the contents."""

    def restore(self, kept: Any) -> None:
        """Put such a copy back."""


class MemoryTable(dict[K, V], Generic[K, V]):
    """Rows by key; rows are frozen records, so a shallow copy is a true snapshot."""

    def snapshot(self) -> dict[K, V]:
        """Give a copy of the rows."""
        return dict(self)

    def restore(self, kept: dict[K, V]) -> None:
        """Put the rows back."""
        self.clear()
        self.update(kept)


class MemoryOutbox:
    """Keeps what was announced: `outbox.messages`, in order; `events` are their protobuf messages."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []
        self._known: dict[str, None] = {}

    async def add(self, messages: Sequence[Outgoing]) -> None:
        """Keep the messages; an id kept already is a bug, as in PostgreSQL."""
        for message in messages:
            name = id_of(message)
            if name in self._known:
                raise ValueError(f"Message {name} is in the outbox already: its version was told before.")
            self._known[name] = None
            self.messages.append(message)

    @property
    def events(self) -> list[Any]:
        """Give the protobuf messages announced so far."""
        return [event for message in self.messages if (event := getattr(message, "event", None)) is not None]

    def snapshot(self) -> int:
        """Give how far it is; it only grows."""
        return len(self.messages)

    def restore(self, kept: int) -> None:
        """Take away what came after."""
        del self.messages[kept:]
        while len(self._known) > kept:
            self._known.popitem()


class MemoryInbox:
    """The inbox of one consumer."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    async def add(self, message_ids: Iterable[str]) -> set[str]:
        """Keep the ids and give those that were new."""
        given = set(message_ids)
        for each in given:
            day_of(each)
        new = given - self.ids
        self.ids |= new
        return new

    def snapshot(self) -> set[str]:
        """Give a copy."""
        return set(self.ids)

    def restore(self, kept: set[str]) -> None:
        """Put it back."""
        self.ids = kept


class MemoryRequests:
    """Request ids of one scope."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, bytes | None]] = {}

    async def claim(self, request_id: str, *, contents: bytes) -> Claim:
        """Take a request id before the work."""
        if request_id not in self._known:
            self._known[request_id] = (contents, None)
            return FirstTime()
        known, response = self._known[request_id]
        return repeat_of(request_id, known=known, given=contents, response=response)

    async def answer(self, request_id: str, response: bytes) -> None:
        """Keep the answer for repeats."""
        self._known[request_id] = (self._known[request_id][0], response)

    def snapshot(self) -> dict[str, tuple[bytes, bytes | None]]:
        """Give a copy."""
        return copy.copy(self._known)

    def restore(self, kept: dict[str, tuple[bytes, bytes | None]]) -> None:
        """Put it back."""
        self._known = kept


class MemoryTransactions(Generic[U]):
    """Units of work over memory: one at a time, and what a failed one changed is put back."""

    def __init__(self, unit: Callable[[], U], *, parts: Sequence[Restorable]) -> None:
        self._unit, self._parts = unit, parts
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[U]:
        """Open a unit; if the block raises, every part is as before."""
        async with self._alone:
            kept = [part.snapshot() for part in self._parts]
            try:
                yield self._unit()
            except BaseException:
                for part, before in zip(self._parts, kept, strict=True):
                    part.restore(before)
                raise
