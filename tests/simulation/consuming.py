"""A consumer's twin: batches go through chassis' own decoding and handling; only the wire is simulated."""

import asyncio
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from google.protobuf.message import Message
from tests.simulation.broker import Broker, StoredMessage
from tests.simulation.chance import Fault
from tests.simulation.database import Database
from tests.simulation.stage import Life

from chassis.consumers import FAILURES_MAX
from chassis.decoding import Decoder
from chassis.handling import Handler, Handling
from chassis.messages import Dead, Outcome, ReceivedMessage, RetryAfter
from chassis.outbox import subject_stem
from chassis.suspects import parted

BACKOFF_SECONDS = (1, 5, 15, 60, 300)
PAUSE_SECONDS = 0.25


class SuspectsTwin:
    """Counts the tries of one consumer's suspects where its process keeps everything that outlives it."""

    def __init__(self, life: Life, database: Database, *, consumer: str) -> None:
        self._life, self._consumer = life, consumer
        self._tries = database.suspects

    async def begin(self, message_id: str) -> int:
        """Count a try."""
        await self._life.step(f"{self._consumer} suspects")
        self._tries[self._consumer, message_id] = tries = self._tries.get((self._consumer, message_id), 0) + 1
        await self._life.step(f"{self._consumer} tries alone")
        return tries

    async def excuse(self, message_id: str) -> None:
        """Forget the tries so far."""
        await self._life.step(f"{self._consumer} excuses")
        self._tries[self._consumer, message_id] = 0

    async def clear(self, message_id: str) -> None:
        """Forget the message."""
        await self._life.step(f"{self._consumer} clears")
        self._tries.pop((self._consumer, message_id), None)


class SimConsumer:
    """Feeds one durable's messages to one handler of one life of a process."""

    def __init__(
        self,
        life: Life,
        broker: Broker,
        database: Database,
        *,
        stream: str,
        durable: str,
        subjects: Sequence[str],
        types: Sequence[type[Message]],
        handler: Handler,
    ) -> None:
        self._life, self._broker, self._database = life, broker, database
        self._durable = broker.durable(durable, stream=stream, subjects=subjects)
        self._decoder = Decoder(types)
        self._handling = Handling(
            handler,
            consumer=durable,
            suspects=SuspectsTwin(life, database, consumer=durable),
            failures_max=FAILURES_MAX,
            backoff_seconds=BACKOFF_SECONDS,
            stop=asyncio.Event(),
        )

    async def run(self) -> None:
        """Consume until the process dies."""
        while True:
            durable = self._durable
            durable.news.clear()
            wait = durable.seconds_to_next() if self._broker.up else None
            if wait is None or wait > 0:
                await durable.news.wait(wait)
                continue
            await self._life.step(f"{durable.name} takes")
            if self._broker.up and (taken := durable.take()):
                for part in parted(taken, deliveries=itemgetter(1)):
                    await self._handle(part)
            self._collect()

    async def pending(self) -> int:
        """Count what is not read yet; 1 while nobody can say."""
        await self._life.step(f"{self._durable.name} is asked")
        return self._durable.waiting() if self._broker.up else 1

    async def progress(self) -> tuple[int, int] | None:
        """Say up to where was delivered and acknowledged."""
        await self._life.step(f"{self._durable.name} is asked")
        return self._durable.progress() if self._broker.up else None

    async def _handle(self, taken: Sequence[tuple[StoredMessage, int]]) -> None:
        received = {message.sequence: self._read(message, deliveries) for message, deliveries in taken}
        firsts: dict[str, ReceivedMessage] = {}
        for each in received.values():
            if each is not None:
                firsts.setdefault(each.message_id, each)
        outcomes = await self._handling.handle(list(firsts.values())) if firsts else {}
        await self._life.step(f"{self._durable.name} acknowledges")
        for sequence, each in received.items():
            self._settle(sequence, outcomes.get(each.message_id) if each is not None else None, each)

    def _settle(self, sequence: int, outcome: Outcome | None, message: ReceivedMessage | None) -> None:
        durable, weather = self._durable, self._life.stage.weather
        if not self._broker.up or weather.strikes(Fault.ACK_LOST, f"{durable.name} {sequence}"):
            return
        match outcome:
            case None:
                durable.settle(sequence)
            case RetryAfter(seconds=seconds):
                durable.again(sequence, seconds=seconds)
            case Dead(reason=reason):
                self._database.dead_letters.append((durable.name, message.message_id if message else "", reason))
                durable.settle(sequence)

    def _collect(self) -> None:
        for message in self._durable.given_up:
            self._database.dead_letters.append((self._durable.name, message.message_id, "deliveries ran out"))
        self._durable.given_up.clear()

    def _read(self, message: StoredMessage, deliveries: int) -> ReceivedMessage | None:
        return self._decoder.decode_parts(
            headers=message.headers,
            body=message.body,
            subject=message.subject,
            deliveries=deliveries,
            sequence=message.sequence,
        )


def reads(types: Sequence[Any]) -> list[str]:
    """Give the subjects of event types."""
    return [f"{subject_stem(each.DESCRIPTOR.full_name)}.*" for each in types]
