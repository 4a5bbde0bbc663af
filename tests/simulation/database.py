"""A service's database: its own memory store, one transaction at a time; a commit's answer may be lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from tests.simulation.chance import Fault
from tests.simulation.stage import Life, Node
from tests.simulation.waking import Signal

from chassis.memory import MemoryOutbox
from chassis.outbox import OutboxMessage, Outgoing
from chassis.postgres import OutcomeUnknownError


class Begins(Protocol):
    """What a memory store begins its units with."""

    def begin(self) -> AbstractAsyncContextManager[Any]:
        """Open one."""


Due: TypeAlias = Callable[[], datetime | None]
"""When there is something to do next, by the database's clock; None for nothing known."""


@dataclass(slots=True)
class Follower:
    """Waits for what is due to change: a commit that leaves it as it was would be looked at in vain."""

    life: Life
    due: Due
    at: datetime | None = None
    changed: Signal = field(default_factory=Signal)

    def look(self) -> datetime | None:
        """Say what is due, and wait for that to change."""
        self.changed.clear()
        self.at = self.due()
        return self.at


class Database:
    """What outlives the process: the store, its lock, what was published, dead letters; wakes whoever follows it."""

    def __init__(
        self, node: Node, *, inner: Begins, outbox: MemoryOutbox, set_clock: Callable[[datetime], None]
    ) -> None:
        self.node, self.inner, self.outbox = node, inner, outbox
        self.lock = asyncio.Lock()
        self._set_clock = set_clock
        self.followers: list[Follower] = []
        self.listeners: list[Signal] = []
        """Set by commits that told something."""
        self.places: dict[int, tuple[str, int]] = {}
        """Stream and sequence of each published outbox row, by its place in the outbox."""
        self.streams: dict[str, Any] = {}
        """What the relay remembers of each stream."""
        self.dead_letters: list[tuple[str, str, str]] = []
        """Consumer, message and reason of what was given up."""
        self.suspects: dict[tuple[str, str], int] = {}
        """Tries of messages that were delivered often, by consumer and message."""
        self.all_published_to = 0
        """Every row before this place is published: where the relay begins to look."""
        self._told = 0

    def read_clock(self) -> None:
        """Let the store see the time by this database's clock."""
        self._set_clock(self.node.now())

    def committed(self) -> list[Outgoing]:
        """Note a commit: those are woken for whom something else is due; gives what it told."""
        told = self.outbox.messages[self._told :]
        self._told = len(self.outbox.messages)
        if told:
            self.node.stage.tell(self.node.name, "commits " + " ".join(_written(each) for each in told))
        for message in told:
            if isinstance(message, OutboxMessage):
                self.node.stage.happened("news", message.aggregate)
        for each in self.listeners if told else ():
            each.set()
        for follower in self.followers:
            if follower.due() != follower.at:
                follower.changed.set()
        return told

    def raise_all_published(self) -> None:
        """Move the place before which everything is published."""
        while self.all_published_to in self.places:
            self.all_published_to += 1

    def unpublished(self) -> int:
        """Count the rows that are in no stream."""
        return len(self.outbox.messages) - len(self.places)

    def follow(self, life: Life, due: Due) -> Follower:
        """Follow what is due; those of former lives are gone."""
        self.followers = [each for each in self.followers if each.life.alive]
        follower = Follower(life, due)
        self.followers.append(follower)
        return follower

    def listen(self) -> Signal:
        """Give a signal that commits set which told something."""
        signal = Signal()
        self.listeners.append(signal)
        return signal


class SimTransactions:
    """Begins transactions of one life of the process: what dies inside rolls back, what is dead commits nothing."""

    def __init__(self, life: Life, database: Database) -> None:
        self._life, self._database = life, database
        self._saved: list[Any] = []
        self._on_saved: Callable[[Sequence[Any]], None] | None = None

    def on_saved(self, call: Callable[[Sequence[Any]], None]) -> None:
        """Call this after a commit whose answer came, with what it saved."""
        self._on_saved = call

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        """Open one unit of work."""
        life, database = self._life, self._database
        weather = life.stage.weather
        await life.step("begin")
        async with database.lock:
            life.check()
            database.read_clock()
            async with database.inner.begin() as unit:
                yield unit
                await life.step("commit")
                if weather.strikes(Fault.COMMIT_LOST, life.node.name):
                    raise OutcomeUnknownError("The connection was lost while committing.")
            database.committed()
        if weather.strikes(Fault.COMMIT_ANSWER_LOST, life.node.name):
            raise OutcomeUnknownError("The connection was lost while committing.")
        saved = getattr(unit, "saved", None)
        if saved and self._on_saved is not None:
            self._on_saved(saved)


def _written(message: Outgoing) -> str:
    if isinstance(message, OutboxMessage):
        return f"{message.event.DESCRIPTOR.name}:{message.aggregate[:13]}.{message.version}"
    return f"KeyValue:{message.key}.{message.version}"
