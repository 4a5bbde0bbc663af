"""The stream feeds: every message that comes, who wrote it and what is in it; and every published row's place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nats.aio.client import Client

from chassis.jetstream import ADVISORIES, STREAMS, StreamSpec, stream_state
from hashtill_cli.checking import telling
from hashtill_cli.checking.findings import Breach, Findings, Invariant
from hashtill_cli.checking.following.feed import AT_ONCE, SETTLE, Recent
from hashtill_cli.checking.leaks import Scanner
from hashtill_cli.checking.looking_at_messages import PARKED, written
from hashtill_cli.checking.reading.databases import Book
from hashtill_cli.checking.reading.streams import messages_after, stored_at
from hashtill_cli.checking.rows import OutboxRow
from hashtill_cli.checking.sources import Sources
from hashtill_cli.checking.telling import StoredMessage

BATCHES_MAX = 5
"""Batches of a thousand messages that one look takes of a stream."""

PLACES_KEPT_MAX = 100_000
"""Messages of a stream whose places are remembered, 30 MB; a row whose message is older asks the server."""

ROWS_MAX = 2_000
WAITING_MAX = 20_000
"""Rows that are looked at again; what waits beyond is left to the whole check."""

_LAST = "SELECT COALESCE(max(id), 0) AS last FROM outbox"
_ROWS = """
SELECT id, msg_id, subject, stream, stream_seq, published_at IS NOT NULL AS published FROM outbox
WHERE %s ORDER BY id LIMIT $1
"""
_PARKED = f"{PARKED} AND id = ANY($1)"
_NEW, _AGAIN = _ROWS % "id > $2 AND created_at <= $3", _ROWS % "id = ANY($2)"


@dataclass(slots=True)
class ReadStream:
    """What is remembered of one stream: how far it is read, and where what stands."""

    created: str
    until: int
    stored: Recent[int, StoredMessage] = field(default_factory=lambda: Recent(PLACES_KEPT_MAX))
    newest: Recent[str, int] = field(default_factory=lambda: Recent(PLACES_KEPT_MAX))


class MessagesFeed:
    """I10 and the first half of I8: no message without a row, none with what must not be in it."""

    name = "messages"
    invariants = frozenset({Invariant.OUTBOX, Invariant.NO_SECRET})
    every_seconds = 2.0
    again_after = AT_ONCE

    def __init__(self) -> None:
        self.behind = timedelta(0)
        self.streams: dict[str, ReadStream] = {}

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Read every stream on, from where it stood at the first look."""
        del at
        findings = Findings()
        if sources.nats is not None:
            left = [await self._read_on(sources, sources.nats, spec, findings) for spec in STREAMS]
            self.behind = timedelta(seconds=self.every_seconds) * sum(left)
        return findings

    async def _read_on(self, sources: Sources, client: Client, spec: StreamSpec, findings: Findings) -> int:
        """Read a stream's next batches; gives how many looks more it would take."""
        state = await stream_state(client, spec.name)
        if state is None:
            self.streams.pop(spec.name, None)
            return 0
        read = self.streams.setdefault(spec.name, ReadStream(created=state[0], until=state[1]))
        if read.created != state[0] or state[1] < read.until:
            read = self.streams[spec.name] = ReadStream(created=state[0], until=0)
        for _ in range(BATCHES_MAX):
            if read.until >= state[1]:
                break
            await self._take(sources, client, spec, read, findings)
        return (state[1] - read.until) // 1_000 // BATCHES_MAX

    async def _take(
        self, sources: Sources, client: Client, spec: StreamSpec, read: ReadStream, findings: Findings
    ) -> None:
        batch = await messages_after(client, spec.name, read.until)
        scanner = Scanner(secrets=sources.places.secrets)
        for message in batch:
            findings.add(scanner.breaches(message.text, place=f"{spec.name}/{message.stored.sequence}"))
            read.stored[message.stored.sequence] = message.stored
            if spec.is_key_value:
                read.newest[message.stored.subject] = message.stored.sequence
        findings.count(Invariant.NO_SECRET, "messages", len(batch))
        if spec != ADVISORIES:
            findings.count(Invariant.OUTBOX, "messages", len(batch))
            recent = [message.stored for message in batch if message.is_recent]
            findings.add(telling.unwritten(recent, await written(sources, batch), stream=spec.name))
        last = batch[-1].stored.sequence if batch else 0
        read.until = max(read.until + 1, last)  # an empty answer: that place was deleted


class OutboxFeed:
    """The other half of I8: what is called published is in its place."""

    name = "outbox"
    invariants = frozenset({Invariant.OUTBOX})
    every_seconds = 5.0
    again_after = timedelta(seconds=60)
    """A relay that finds its stream emptied takes a moment to tell it all again."""

    def __init__(self, streams: Mapping[str, ReadStream]) -> None:
        self.behind = timedelta(0)
        self._streams = streams
        self._until: dict[str, int] = {}
        self._waiting: dict[str, set[int]] = {}

    async def look(self, sources: Sources, *, at: datetime) -> Findings:
        """Hold new rows, and those that were not in their place yet, against what the streams hold."""
        findings, full = Findings(), False
        if sources.nats is None:
            return findings
        for service, book in sources.books.items():
            full |= await self._look_at(service, book, sources.nats, findings, before=at - SETTLE)
        self.behind = self.behind + timedelta(seconds=self.every_seconds) if full else timedelta(0)
        return findings

    async def _look_at(self, service: str, book: Book, client: Client, findings: Findings, *, before: datetime) -> bool:
        if service not in self._until:
            self._until[service] = (await book.records(_LAST))[0]["last"]
        waiting = self._waiting.setdefault(service, set())
        again = await book.records(_AGAIN, WAITING_MAX, list(waiting)) if waiting else ()
        new = await book.records(_NEW, ROWS_MAX, self._until[service], before)
        if new:
            self._until[service] = new[-1]["id"]
        findings.count(Invariant.OUTBOX, "published rows", len(new))
        waiting.clear()
        for row in (*again, *new):
            if not row["published"]:
                waiting.add(row["id"])
                continue
            placed = OutboxRow(msg_id=row["msg_id"], subject=row["subject"], stream_seq=row["stream_seq"])
            breaches = await self._missing(client, row["stream"], placed)
            findings.add(breaches)
            if breaches and len(waiting) < WAITING_MAX:
                waiting.add(row["id"])
        aside = await book.records(_PARKED, list(waiting)) if waiting else ()
        findings.add(telling.parked((row["msg_id"] for row in aside), service=service))
        return len(new) == ROWS_MAX

    async def _missing(self, client: Client, stream: str, row: OutboxRow) -> Sequence[Breach]:
        read = self._streams.get(stream)
        stored, newest = (read.stored.kept, read.newest.kept) if read else ({}, {})
        if not list(telling.missing([row], stored, stream=stream, newest=newest)):
            return ()
        there = await stored_at(client, stream, row.stream_seq)
        found = {row.stream_seq: StoredMessage(sequence=row.stream_seq, message_id=there, subject=row.subject)}
        return list(telling.missing([row], found if there else {}, stream=stream, newest=newest))
