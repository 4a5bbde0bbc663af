"""Looking at messages and texts: outboxes against streams, and every text for what must not be in it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from nats.aio.client import Client

from chassis.jetstream import ADVISORIES, STREAMS, StreamSpec
from hashtill_cli.checking import answers, telling
from hashtill_cli.checking.findings import Breach, Findings, Invariant
from hashtill_cli.checking.leaks import Scanner
from hashtill_cli.checking.reading.spans import exports_of
from hashtill_cli.checking.reading.streams import ReadMessage, messages_of
from hashtill_cli.checking.reading.texts import log_chunks, rows_of
from hashtill_cli.checking.rows import OutboxRow
from hashtill_cli.checking.sources import Sources
from hashtill_cli.checking.telling import StoredMessage

MESSAGES_MAX = 2_000_000
"""Messages of one stream whose places are remembered at once; about 300 MB."""

_PUBLISHED = """
SELECT {columns} FROM outbox WHERE stream = $1 AND published_at IS NOT NULL AND stream_seq <= $2 ORDER BY stream_seq
"""
_LAST_PLACE = "SELECT COALESCE(max(stream_seq), 0) AS last FROM outbox WHERE stream = $1"
_WRITTEN = "SELECT msg_id FROM outbox WHERE msg_id = ANY($1)"
PARKED = """
SELECT msg_id FROM outbox WHERE parked_at IS NOT NULL AND published_at IS NULL AND NOT EXISTS (
    SELECT FROM dead_letter d WHERE d.consumer = 'relay' AND d.msg_id = outbox.msg_id
        AND (d.resolved_at IS NULL OR d.resolution = 'DROPPED'))
"""
_DELIVERY_IDS = """
SELECT delivery_id::text AS id FROM delivery WHERE channel = 'MAIL' AND delivery_id::text = ANY($1)
"""


async def look_at_streams(sources: Sources) -> Findings:
    """Hold outboxes against streams, both ways, and look into every message."""
    findings, scanner = Findings(), Scanner(secrets=sources.places.secrets)
    for service, book in sources.books.items():
        findings.add(telling.parked((row["msg_id"] for row in await book.records(PARKED)), service=service))
    if sources.nats is None:
        findings.leave_out(Invariant.OUTBOX, "NATS was not named")
        return findings
    for spec in STREAMS:
        await _look_at_stream(sources, sources.nats, spec, findings, scanner)
    return findings


async def look_at_texts(sources: Sources) -> Findings:
    """Look into every table, log file, span and mail; and whether each mail was meant."""
    findings, scanner = Findings(), Scanner(secrets=sources.places.secrets)
    for service, book in sources.books.items():
        async for table, rows in rows_of(book):
            findings.count(Invariant.NO_SECRET, "rows", len(rows))
            findings.add(_leaks_in_rows(scanner, f"{service}.{table}", rows))
            await asyncio.sleep(0)  # a page is some milliseconds of searching; connections want their turn
    if sources.places.logs is not None:
        for place, text in log_chunks(sources.places.logs):
            findings.count(Invariant.NO_SECRET, "log lines", text.count("\n"))
            findings.add(scanner.breaches(text, place=place))
    _look_at_spans(sources, findings, scanner)
    if sources.places.mail_url:
        await look_at_mails(sources, findings, scanner)
    return findings


def _look_at_spans(sources: Sources, findings: Findings, scanner: Scanner) -> None:
    if sources.places.spans is None:
        findings.leave_out(Invariant.NO_SECRET, "place for spans: no collector's files were named")
        return
    for place, spans, text in exports_of(sources.places.spans):
        findings.count(Invariant.NO_SECRET, "spans", spans)
        findings.add(scanner.breaches(text, place=place))


async def _look_at_stream(
    sources: Sources, client: Client, spec: StreamSpec, findings: Findings, scanner: Scanner
) -> None:
    until = await _told_until(sources, spec.name)
    stored: dict[int, StoredMessage] = {}
    newest: dict[str, int] = {}
    async for batch in messages_of(client, spec.name):
        findings.count(Invariant.NO_SECRET, "messages", len(batch))
        for message in batch:
            findings.add(scanner.breaches(message.text, place=f"{spec.name}/{message.stored.sequence}"))
        if spec != ADVISORIES and len(stored) < MESSAGES_MAX:
            stored |= {message.stored.sequence: message.stored for message in batch}
            newest |= {message.stored.subject: message.stored.sequence for message in batch if spec.is_key_value}
            recent = [message.stored for message in batch if message.is_recent]
            findings.add(telling.unwritten(recent, await written(sources, batch), stream=spec.name))
    findings.count(Invariant.OUTBOX, "messages", len(stored))
    if len(stored) >= MESSAGES_MAX:
        until = max(stored)
    async for rows in _published(sources, spec.name, until=until):
        findings.count(Invariant.OUTBOX, "published rows", len(rows))
        findings.add(telling.missing(rows, stored, stream=spec.name, newest=newest))


async def written(sources: Sources, batch: Sequence[ReadMessage]) -> set[str]:
    """Give the ids of those that an outbox row stands behind."""
    left = {message.stored.message_id for message in batch if message.is_recent}
    known: set[str] = set()
    for book in sources.books.values():
        if left - known:
            known |= {row["msg_id"] for row in await book.records(_WRITTEN, list(left - known))}
    return known


async def _told_until(sources: Sources, stream: str) -> int:
    """Give the last place that the outboxes know, before the stream is read: so far it must reach."""
    return max([(await book.records(_LAST_PLACE, stream))[0]["last"] for book in sources.books.values()], default=0)


async def _published(sources: Sources, stream: str, *, until: int) -> AsyncIterator[Sequence[OutboxRow]]:
    for book in sources.books.values():
        async for rows in book.pages(OutboxRow, _PUBLISHED, stream, until):
            yield rows


def _leaks_in_rows(scanner: Scanner, place: str, rows: Sequence[tuple[str, str]]) -> list[Breach]:
    """Search a page at once, and row by row only where something was found."""
    if not list(scanner.breaches("\n".join(text for _, text in rows), place=place)):
        return []
    return [leak for name, text in rows for leak in scanner.breaches(text, place=f"{place} {name}")]


async def look_at_mails(sources: Sources, findings: Findings, scanner: Scanner, *, after: int = 0) -> int:
    """Look into the mails after a number; gives the last one's."""
    last, message_ids = after, list[str]()
    async for mail in sources.outside.mails(sources.places.mail_url, after=after):
        message_ids.append(mail.message_id)
        last = max(last, mail.number)
        findings.add(scanner.breaches(mail.text, place=f"mail {mail.message_id}"))
    findings.count(Invariant.NO_SECRET, "mails", len(message_ids))
    findings.count(Invariant.ONE_ANSWER, "mails", len(message_ids))
    ids = [each.strip("<>").partition("@")[0] for each in message_ids]
    known = await sources.books["notifier"].records(_DELIVERY_IDS, ids)
    findings.add(answers.unknown_mails(message_ids, {row["id"] for row in known}))
    return last
