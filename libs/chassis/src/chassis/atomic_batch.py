"""Publishing to JetStream: many messages in one write, as pipelined singles or as one atomic batch (ADR-50)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.jetstream import JetStreamError, raise_error
from chassis.message_headers import CLOSING_LINE
from chassis.nats_wire import answers, publication, write
from kernel.failpoints import FailPoint, failpoint

BATCH_MAX = 1_000
"""The server's own bound of one atomic batch."""

ACK_SECONDS = 5.0
"""A publication without an answer by then is of unknown fate; sending it again under its Msg-Id is safe."""

_COMMIT = b"Nats-Batch-Commit: 1\r\n"
_NO_RESPONDERS = "503"


class Publication(Protocol):
    """One message ready to go (an outbox row is one): header block without its closing line."""

    @property
    def subject(self) -> str:
        """Where it goes."""

    @property
    def headers(self) -> bytes:
        """Its header block."""

    @property
    def body(self) -> bytes:
        """What it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """JetStream has it: which stream, at which sequence, and whether it had it before."""

    stream: str
    sequence: int
    duplicate: bool


class Publisher:
    """Publishes over one connection; answers come to one inbox of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._prefix = client.new_inbox()
        self._waiting: dict[str, asyncio.Future[Msg]] = {}
        self._count = 0

    async def start(self) -> Self:
        """Subscribe to the answers; nats-py renews the subscription after a reconnect."""
        await self._client.subscribe(f"{self._prefix}.*", cb=self._answered)
        return self

    async def publish(self, publications: Sequence[Publication]) -> list[Stored | Exception]:
        """Send each by itself, all in one write, in order; every answer or failure stands in its place."""
        names = [self._expect() for _ in publications]
        chunks = [
            publication(each.subject, name, each.headers + CLOSING_LINE, each.body)
            for each, name in zip(publications, names, strict=True)
        ]
        await write(self._client, chunks)
        failpoint(FailPoint.RELAY_SENT)
        return [_stored(outcome) for outcome in await self._gather(names)]

    async def publish_batch(self, publications: Sequence[Publication]) -> list[Stored]:
        """Store all or none, in order, in one stream; raises JetStreamError (10201: one is known), TimeoutError.

        The first and the last ask for an answer: the first's tells early that the stream takes no batches.
        """
        if len(publications) > BATCH_MAX:
            raise ValueError(f"An atomic batch holds at most {BATCH_MAX} messages.")
        first, last = self._expect(), self._expect()
        await write(self._client, self._batch_chunks(publications, first, last))
        failpoint(FailPoint.RELAY_SENT)
        early, late = await self._gather([first, last], first_completed=True)
        stored = _stored(late or early)  # the first is answered with words only when the batch is refused
        if isinstance(stored, Exception):
            raise stored
        lowest = stored.sequence - len(publications) + 1
        return [
            Stored(stream=stored.stream, sequence=lowest + place, duplicate=False) for place in range(len(publications))
        ]

    def _batch_chunks(self, publications: Sequence[Publication], first: str, last: str) -> list[bytes]:
        ident = last.rsplit(".", 1)[-1] + self._prefix[-16:]
        end = len(publications)
        chunks = []
        for place, each in enumerate(publications, 1):
            extra = f"Nats-Batch-Id: {ident}\r\nNats-Batch-Sequence: {place}\r\n".encode()
            headers = each.headers + extra + (_COMMIT if place == end else b"") + CLOSING_LINE
            reply = last if place == end else first if place == 1 else ""
            chunks.append(publication(each.subject, reply, headers, each.body))
        return chunks

    def _expect(self) -> str:
        self._count += 1
        name = f"{self._prefix}.{self._count}"
        self._waiting[name] = asyncio.get_running_loop().create_future()
        return name

    async def _gather(self, names: Sequence[str], *, first_completed: bool = False) -> list[Msg | None]:
        futures = [self._waiting[name] for name in names]
        until = asyncio.FIRST_COMPLETED if first_completed else asyncio.ALL_COMPLETED
        try:
            await answers(self._client, futures, seconds_max=ACK_SECONDS, return_when=until)
        finally:
            for name in names:
                self._waiting.pop(name).cancel()
        return [None if future.cancelled() else future.result() for future in futures]

    async def _answered(self, message: Msg) -> None:
        future = self._waiting.get(message.subject)
        if future is not None and not future.done() and not (message.data == b"" and not message.headers):
            future.set_result(message)


def _stored(answer: Msg | None) -> Stored | Exception:
    if answer is None:
        return TimeoutError("JetStream did not answer.")
    if answer.headers and answer.headers.get("Status") == _NO_RESPONDERS:
        return JetStreamError(code=503, error_code=0, description="no stream takes this subject")
    body = orjson.loads(answer.data)
    try:
        raise_error(body)
    except JetStreamError as error:
        return error
    return Stored(stream=body["stream"], sequence=int(body["seq"]), duplicate=bool(body.get("duplicate")))
