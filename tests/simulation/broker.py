"""A JetStream of our own: streams with sequences, a window of known ids, durable consumers; it may lose a tail.

What is kept of NATS's ways: a consumer's place lives at the server; what is not acknowledged in time comes again, so
many times at most; a lost tail lets the sequence go back, and consumers that were further on go back with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import nats.errors
from tests.simulation.chance import Fault
from tests.simulation.stage import Stage
from tests.simulation.waking import Signal

from chassis.consumers import ACK_WAIT_SECONDS, BATCH_MAX, DELIVERIES_MAX
from chassis.jetstream import DUPLICATE_WINDOW_SECONDS, STREAMS, StreamSpec
from chassis.message_headers import MESSAGE_ID, parse_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message at its place."""

    sequence: int
    message_id: str
    subject: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Stream:
    """One stream."""

    spec: StreamSpec
    created: str
    last: int = 0
    messages: dict[int, StoredMessage] = field(default_factory=dict)
    known: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Message ids of the duplicate window: where, and when."""
    readers: list["Durable"] = field(default_factory=list)


@dataclass(slots=True)
class Pending:
    """A message that was delivered and not acknowledged: delivered how often, and when again."""

    deliveries: int
    due_at: float


class Durable:
    """One durable consumer as the server keeps it."""

    def __init__(self, stage: Stage, stream: Stream, *, name: str, prefixes: Sequence[str]) -> None:
        self._stage, self.stream, self.name = stage, stream, name
        self._prefixes = tuple(prefixes)
        self.next = 1
        self.pending: dict[int, Pending] = {}
        self.given_up: list[StoredMessage] = []
        self.news = Signal()

    def take(self) -> list[tuple[StoredMessage, int]]:
        """Give what is due again, then what is new, each with how often it was delivered; faults strike here."""
        at, taken = self._stage.loop.time(), list[tuple[StoredMessage, int]]()
        for sequence, pending in sorted(self.pending.items()):
            if pending.due_at <= at:
                self._again(sequence, pending, taken, at=at)
        while self.next <= self.stream.last and len(taken) < BATCH_MAX:
            message = self.stream.messages.get(self.next)
            self.next += 1
            if message is not None and self._wants(message.subject):
                self._deliver(message, 1, taken, at=at)
        return self._reordered(taken)

    def hear(self, sequence: int, subject: str) -> None:
        """Learn of a new message; one that is none of ours is passed over at once."""
        if self._wants(subject):
            self.news.set()
        elif self.next == sequence:
            self.next += 1

    def settle(self, sequence: int) -> None:
        """Take an acknowledgement (or that it is never to come again)."""
        self.pending.pop(sequence, None)

    def again(self, sequence: int, *, seconds: float) -> None:
        """Take that it is to come again after a while."""
        if (pending := self.pending.get(sequence)) is not None:
            pending.due_at = self._stage.loop.time() + seconds
        self.news.set()

    def seconds_to_next(self) -> float | None:
        """Say when something is due; 0 for now, None for nothing known."""
        if self.next <= self.stream.last:
            return 0.0
        due = min((pending.due_at for pending in self.pending.values()), default=None)
        return None if due is None else max(0.0, due - self._stage.loop.time())

    def waiting(self) -> int:
        """Count what is not acknowledged or not delivered yet."""
        unread = (self.stream.messages.get(each) for each in range(self.next, self.stream.last + 1))
        return len(self.pending) + sum(each is not None and self._wants(each.subject) for each in unread)

    def progress(self) -> tuple[int, int]:
        """Say up to where was delivered, and up to where all is acknowledged."""
        delivered = self.next - 1
        return delivered, min(self.pending) - 1 if self.pending else delivered

    def went_back(self) -> None:
        """Go back with the stream's tail."""
        self.next = min(self.next, self.stream.last + 1)
        for sequence in [each for each in self.pending if each > self.stream.last]:
            del self.pending[sequence]
        self.news.set()

    def _wants(self, subject: str) -> bool:
        return subject.startswith(self._prefixes)

    def _again(self, sequence: int, pending: Pending, taken: list[tuple[StoredMessage, int]], *, at: float) -> None:
        message = self.stream.messages[sequence]
        if pending.deliveries >= DELIVERIES_MAX:
            self.given_up.append(message)
            del self.pending[sequence]
            return
        self._deliver(message, pending.deliveries + 1, taken, at=at)

    def _deliver(
        self, message: StoredMessage, deliveries: int, taken: list[tuple[StoredMessage, int]], *, at: float
    ) -> None:
        weather, draw = self._stage.weather, self._stage.draw
        where = f"{self.name} {message.sequence}"
        self.pending[message.sequence] = Pending(deliveries, at + ACK_WAIT_SECONDS)
        if weather.strikes(Fault.DELIVERY_LOST, where):
            return
        if weather.strikes(Fault.DELIVERY_DELAYED, where):
            self.pending[message.sequence] = Pending(deliveries - 1, at + 20 * draw())
            return
        if weather.strikes(Fault.DELIVERY_DUPLICATED, where):
            self.pending[message.sequence].due_at = at + 0.01 * draw()
        taken.append((message, deliveries))

    def _reordered(self, taken: list[tuple[StoredMessage, int]]) -> list[tuple[StoredMessage, int]]:
        if len(taken) > 1 and self._stage.weather.strikes(Fault.DELIVERY_REORDERED, f"{self.name} {len(taken)}"):
            place = int(self._stage.draw() * (len(taken) - 1))
            taken.append(taken.pop(place))
        return taken


class Broker:
    """All streams; down for a while when planned."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.up, self.restarts = True, 0
        self.streams = {spec.name: Stream(spec, created=f"{spec.name}-1") for spec in STREAMS}
        self.durables: dict[str, Durable] = {}
        self.on_back: list[Callable[[], None]] = []

    def durable(self, name: str, *, stream: str, subjects: Sequence[str]) -> Durable:
        """Give a durable consumer, made the first time it is asked for."""
        if name not in self.durables:
            prefixes = [subject.removesuffix(">").removesuffix("*") for subject in subjects]
            prefixes = ["social.x.accounts." if each == "social.*.accounts." else each for each in prefixes]
            self.durables[name] = Durable(self._stage, self.streams[stream], name=name, prefixes=prefixes)
            self.streams[stream].readers.append(self.durables[name])
        return self.durables[name]

    def store(self, stream: str, subject: str, headers: bytes, body: bytes) -> tuple[int, bool]:
        """Store a message unless its id is known; gives its place and whether it was known."""
        self.reach()
        into, at = self.streams[stream], self._stage.loop.time()
        parsed = parse_headers(headers)
        message_id = parsed[MESSAGE_ID]
        known = into.known.get(message_id)
        if known is not None and at - known[1] <= DUPLICATE_WINDOW_SECONDS:
            return known[0], True
        into.last += 1
        into.messages[into.last] = StoredMessage(
            sequence=into.last, message_id=message_id, subject=subject, headers=parsed, body=body
        )
        into.known[message_id] = (into.last, at)
        for reader in into.readers:
            reader.hear(into.last, subject)
        return into.last, False

    def reach(self) -> None:
        """Raise what a client is told when there is nobody."""
        if not self.up:
            raise nats.errors.ConnectionReconnectingError

    def go_down(self, seconds: float) -> None:
        """Be away for a while; every client has to connect again."""
        self.up = False
        self._stage.loop.call_later(seconds, self._come_back)

    def lose_tail(self, stream: str, count: int) -> int:
        """Lose the last messages of a stream, as a machine does that loses power before its disk has them."""
        of = self.streams[stream]
        lost = [sequence for sequence in range(max(1, of.last - count + 1), of.last + 1) if sequence in of.messages]
        for sequence in lost:
            del of.messages[sequence]
        of.last = max(0, of.last - count)
        of.known = {key: place for key, place in of.known.items() if place[0] <= of.last}
        for reader in of.readers:
            reader.went_back()
        for notice in self.on_back:
            notice()
        return len(lost)

    def _come_back(self) -> None:
        self.up, self.restarts = True, self.restarts + 1
        for notice in self.on_back:
            notice()
        for durable in self.durables.values():
            durable.news.set()
