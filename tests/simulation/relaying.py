"""The relay as it is, over twins of what it touches: the session's statements, the publisher, JetStream's API."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from tests.simulation.broker import Broker
from tests.simulation.chance import Fault
from tests.simulation.database import Database
from tests.simulation.stage import Life

from chassis.atomic_batch import Stored
from chassis.jetstream import JetStreamError
from chassis.message_headers import CLOSING_LINE, block_of
from chassis.outages import is_outage
from chassis.outbox import encode
from chassis.relay import CHECK_SECONDS, PAUSE_SECONDS, Rebuild, Relay
from chassis.relay_session import ROWS_MAX, KnownStream, OutboxRow, Told

PAYLOAD_MAX = 1_048_576


class SimRelay(Relay):
    """Chassis' relay of one life: driven by commits and reconnects instead of a poll."""

    def __init__(self, life: Life, database: Database, broker: Broker, *, rebuild: dict[str, Rebuild]) -> None:
        client: Any = ClientTwin(life, broker)
        rows: Any = DatabaseTwin()
        super().__init__(rows, client, rebuild=rebuild)
        self._life, self._broker = life, broker
        self._commits = database.listen()
        twin: Any = SessionTwin(life, database)
        publisher: Any = PublisherTwin(life, broker)
        self._session, self._publisher = twin, publisher
        self._seen_restarts = 0
        broker.on_back.append(self._reconnect_later)

    async def follow(self) -> None:
        """Publish after every commit until the process dies."""
        while True:
            self._commits.clear()
            try:
                sent = await self.run_once()
            except (JetStreamError, TimeoutError):
                await self._pause()
            except Exception as error:
                if not is_outage(error):
                    raise
                await self._pause()
            else:
                if sent < ROWS_MAX:
                    await self._commits.wait()

    async def _pause(self) -> None:
        self._checked_reconnects = -1
        await asyncio.sleep(PAUSE_SECONDS)

    def _reconnect_later(self) -> None:
        """Notice a broker that came back, or changed its leader, some time within the relay's own interval."""
        if self._life.alive:
            self._life.stage.loop.call_later(CHECK_SECONDS * self._life.stage.draw(), self._reconnect)

    def _reconnect(self) -> None:
        self._seen_restarts += 1
        self._commits.set()

    async def _check_if_due(self, session: Any) -> None:
        """Look at the streams after a reconnect and after trouble; in between a look finds them as they were."""
        if self._seen_restarts != self._checked_reconnects:
            self._checked_reconnects = self._seen_restarts
            await self._streams.check(session, names=tuple(self._rebuild))


class SessionTwin:
    """The relay's statements over the memory outbox and the database's marks; each is a transaction of its own."""

    def __init__(self, life: Life, database: Database) -> None:
        self._life, self._database = life, database
        self.leading, self.is_closed, self.oldest_seconds = True, False, 0.0

    async def lead(self) -> bool:
        """One process a service runs here, so it leads."""
        return True

    async def unpublished(self) -> list[OutboxRow]:
        """Give the oldest rows that are not in their stream."""
        await self._life.step("relay reads")
        async with self._database.lock:
            messages, places = self._database.outbox.messages, self._database.places
            waiting = [
                number for number in range(self._database.all_published_to, len(messages)) if number not in places
            ]
            return [self._row(number) for number in waiting[:ROWS_MAX]]

    async def mark(self, *, stream: str, created: str, stored: Sequence[tuple[OutboxRow, int]]) -> None:
        """Note rows as stored."""
        await self._life.step("relay marks")
        for row, sequence in stored:
            self._database.places[row.id] = (stream, sequence)
        known = self._database.streams.get(stream)
        last = max(sequence for _, sequence in stored)
        self._database.streams[stream] = KnownStream(
            created=created, last_sequence=max(last, known.last_sequence if known else 0)
        )
        self._database.raise_all_published()

    async def park(self, row: OutboxRow, *, reason: str, attempts: int) -> None:
        """Nothing here is ever too large or malformed."""
        raise RuntimeError(f"{row.subject} was parked after {attempts}: {reason}")

    async def unpublish_above(self, stream: str, sequence: int) -> int:
        """Note rows stored above a sequence as not published."""
        await self._life.step("relay un-publishes")
        places = self._database.places
        lost = [row for row, place in places.items() if place[0] == stream and place[1] > sequence]
        for row in lost:
            del places[row]
        self._database.all_published_to = min([self._database.all_published_to, *lost])
        return len(lost)

    async def newest_told(self) -> dict[str, Told]:
        """Give the furthest place in each stream, as the statement does that looks at the newest rows."""
        await self._life.step("relay reads its newest")
        messages, furthest = self._database.outbox.messages, dict[str, tuple[int, int]]()
        for row in sorted(self._database.places, reverse=True)[:ROWS_MAX]:
            stream, place = self._database.places[row]
            furthest[stream] = max(furthest.get(stream, (0, 0)), (place, row))
        return {
            stream: Told(place=place, message_id=encode(messages[row])[0]) for stream, (place, row) in furthest.items()
        }

    async def known_streams(self) -> dict[str, KnownStream]:
        """Give what is remembered."""
        await self._life.step("relay reads streams")
        return dict(self._database.streams)

    async def remember(self, stream: str, known: KnownStream) -> None:
        """Note how a stream is now."""
        await self._life.step("relay remembers")
        self._database.streams[stream] = known

    def _row(self, number: int) -> OutboxRow:
        message_id, _, _, subject, headers, body = encode(self._database.outbox.messages[number])
        day = self._life.node.now().date()
        return OutboxRow(id=number, created_day=day, message_id=message_id, subject=subject, headers=headers, body=body)


class PublisherTwin:
    """Publishes to the broker; an answer may be lost after the message was stored."""

    def __init__(self, life: Life, broker: Broker) -> None:
        self._life, self._broker = life, broker

    async def publish(self, rows: Sequence[OutboxRow]) -> list[Stored | Exception]:
        """Store one after the other."""
        await self._life.step("relay publishes")
        answers = [self._store(row) for row in rows]
        await self._life.step("relay hears")
        return answers

    async def publish_batch(self, rows: Sequence[OutboxRow]) -> list[Stored | Exception]:
        """Store all or none: a known id fails the whole batch, as JetStream says with 10201."""
        await self._life.step("relay publishes a batch")
        self._broker.reach()
        if any(row.message_id in stream.known for row in rows for stream in self._broker.streams.values()):
            raise JetStreamError(
                code=400, error_code=10_201, description="atomic publish contains duplicate message id"
            )
        answers = [self._store(row) for row in rows]
        await self._life.step("relay hears")
        return answers

    def _store(self, row: OutboxRow) -> Stored | Exception:
        stream = next(name for name, each in self._broker.streams.items() if each.spec.takes(row.subject))
        sequence, duplicate = self._broker.store(stream, row.subject, row.headers, row.body)
        if self._life.stage.weather.strikes(Fault.PUBLISH_ANSWER_LOST, row.subject):
            return TimeoutError("JetStream did not answer.")
        return Stored(stream=stream, sequence=sequence, duplicate=duplicate)


@dataclass(frozen=True, slots=True)
class _Answer:
    data: bytes


class ClientTwin:
    """The NATS client as far as the relay asks JetStream's API: how a stream is."""

    def __init__(self, life: Life, broker: Broker) -> None:
        self._life, self._broker = life, broker
        self.is_connected, self.max_payload = True, PAYLOAD_MAX

    @property
    def stats(self) -> dict[str, int]:
        """Count the reconnects."""
        return {"reconnects": self._broker.restarts}

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> _Answer:  # noqa: ASYNC109 - nats-py's shape
        """Answer STREAM.INFO, and STREAM.MSG.GET of a message, which may be gone with the broker's tail."""
        await self._life.step(f"asks within {timeout:.0f} s")
        self._broker.reach()
        stream = self._broker.streams[subject.rpartition(".")[2]]
        if "MSG.GET" not in subject:
            return _Answer(orjson.dumps({"created": stream.created, "state": {"last_seq": stream.last}}))
        held = stream.messages.get(orjson.loads(payload)["seq"])
        if held is None:
            return _Answer(orjson.dumps({"error": {"code": 404, "err_code": 10037, "description": "no message found"}}))
        block = base64.b64encode(block_of(held.headers) + CLOSING_LINE).decode()
        return _Answer(orjson.dumps({"message": {"subject": held.subject, "hdrs": block}}))


class DatabaseTwin:
    """What the relay asks of the database beside its session: nothing that is not driven here."""

    def on_announced(self, wake: Callable[[], None]) -> None:
        """Commits wake the relay by their own signal."""
