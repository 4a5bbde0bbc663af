"""The relay's own session: an asyncpg connection whose advisory lock makes its relay the only active one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import asyncpg

from chassis.message_headers import MESSAGE_ID, parse_headers
from chassis.postgres import PLANS_BY_KEY, asyncpg_dsn, session_settings
from kernel.secret import Secret

ROWS_MAX = 2_000
"""Rows a tick takes, some 1.5 MB; they are published in parts."""

UNPUBLISHED_MAX = 5_000
"""Rows one statement un-publishes after a stream was lost; it repeats until none is left."""

STATEMENT_TIMEOUT_MS = 60_000
CONNECT_SECONDS = 5.0
KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
"""A relay whose machine vanished loses the lock within 11 s."""

CHANNEL = "outbox"

_LOCK = 0x6861_7368_7265
"""Advisory lock ("hashre") of a database's active relay."""

_UNPUBLISHED = f"""
SELECT id, created_day, msg_id, subject, headers, body, created_at, statement_timestamp() FROM outbox
WHERE published_at IS NULL AND parked_at IS NULL ORDER BY id LIMIT {ROWS_MAX}
"""  # noqa: S608 - constant

_MARK = """
WITH given AS (SELECT * FROM unnest($3::bigint[], $4::date[], $5::bigint[]) AS g (id, created_day, stream_seq)),
marked AS (
    UPDATE outbox AS o SET published_at = statement_timestamp(), stream = $1, stream_seq = g.stream_seq
    FROM given AS g WHERE o.id = g.id AND o.created_day = g.created_day
)
INSERT INTO relay_stream (stream, created, last_sequence) SELECT $1, $2, max(stream_seq) FROM given
ON CONFLICT (stream) DO UPDATE
SET created = excluded.created, last_sequence = GREATEST(relay_stream.last_sequence, excluded.last_sequence)
"""

_UNPUBLISH = f"""
WITH lost AS (
    SELECT id, created_day FROM outbox WHERE stream = $1 AND stream_seq > $2 AND id > $3
    ORDER BY id LIMIT {UNPUBLISHED_MAX}
), again AS (
    UPDATE outbox AS o SET published_at = NULL, stream = NULL, stream_seq = NULL
    FROM lost AS l WHERE o.id = l.id AND o.created_day = l.created_day
)
SELECT count(*) AS count, COALESCE(max(id), 0) AS last FROM lost
"""  # noqa: S608 - constant

_UNPUBLISH_MISSING = """
UPDATE outbox AS o SET published_at = NULL, stream = NULL, stream_seq = NULL
WHERE stream = $1 AND stream_seq = ANY($2::bigint[])
    AND NOT ($3 AND EXISTS (SELECT FROM outbox AS newer WHERE newer.subject = o.subject AND newer.id > o.id))
"""
"""A bucket keeps the newest value of a key alone ($3): where a newer one was told, the older is not missed."""

_KNOWN = "SELECT stream, created, last_sequence FROM relay_stream"

_REMEMBER = """
INSERT INTO relay_stream (stream, created, last_sequence) VALUES ($1, $2, $3)
ON CONFLICT (stream) DO UPDATE SET created = excluded.created, last_sequence = excluded.last_sequence
"""

_NEWEST = f"""
SELECT DISTINCT ON (stream) stream, stream_seq, headers FROM (
    SELECT stream, stream_seq, headers FROM outbox WHERE published_at IS NOT NULL ORDER BY id DESC LIMIT {ROWS_MAX}
) AS newest ORDER BY stream, stream_seq DESC
"""  # noqa: S608 - constant

_PARK = """
WITH parked AS (
    UPDATE outbox SET parked_at = statement_timestamp() WHERE id = $1 AND created_day = $2
    RETURNING msg_id, subject, headers, body
)
INSERT INTO dead_letter (consumer, msg_id, subject, headers, body, stream, stream_seq, reason, attempts)
SELECT 'relay', msg_id, subject, headers, body, '', 0, $3, $4 FROM parked
ON CONFLICT (consumer, msg_id) WHERE resolved_at IS NULL DO UPDATE SET reason = excluded.reason, at = excluded.at
"""

_UNPARK = """
WITH asked AS (
    UPDATE dead_letter SET replay_at = NULL, resolved_at = now(), resolution = 'REPLAYED'
    WHERE consumer = 'relay' AND replay_at IS NOT NULL AND resolved_at IS NULL
    RETURNING msg_id, subject, headers, body
), freed AS (
    UPDATE outbox SET parked_at = NULL WHERE parked_at IS NOT NULL AND msg_id IN (SELECT msg_id FROM asked)
    RETURNING msg_id
)
INSERT INTO outbox (msg_id, aggregate, version, subject, headers, body)
SELECT msg_id, 'replayed', 0, subject, headers, body FROM asked WHERE msg_id NOT IN (SELECT msg_id FROM freed)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """An outbox row to publish."""

    id: int
    created_day: date
    message_id: str
    subject: str
    headers: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStream:
    """What was last known of a stream: when it was created, and its last sequence."""

    created: str
    last_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A row that was stored: where, and under which message id."""

    place: int
    message_id: str


class RelaySession:
    """Everything the relay asks of the database; while it leads, no other relay of the database does."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.leading = False
        self.oldest_seconds = 0.0
        """How long the oldest of the rows last given had waited."""

    @classmethod
    async def open(cls, dsn: Secret[str], *, application_name: str, on_notice: Callable[[], None]) -> Self:
        """Connect and listen for notices from other processes of the service."""
        connection = await asyncpg.connect(
            asyncpg_dsn(dsn),
            timeout=CONNECT_SECONDS,
            server_settings=session_settings(application_name, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
            | KEEPALIVE
            | PLANS_BY_KEY,
        )
        await connection.add_listener(CHANNEL, lambda *_: on_notice())
        return cls(connection)

    @property
    def is_closed(self) -> bool:
        """Tell whether the connection, and with it the lock, is gone."""
        return bool(self._connection.is_closed())

    async def lead(self) -> bool:
        """Try to become the active relay; once it is, it stays so as long as the session lives."""
        if not self.leading:
            self.leading = bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))
        return self.leading

    async def notify(self) -> None:
        """Wake the active relay, wherever it is."""
        await self._connection.execute(f"NOTIFY {CHANNEL}")

    async def unpublished(self) -> list[OutboxRow]:
        """Give the oldest rows that are not in their stream, at most ROWS_MAX."""
        rows = await self._connection.fetch(_UNPUBLISHED)
        self.oldest_seconds = (rows[0][7] - rows[0][6]).total_seconds() if rows else 0.0
        return [
            OutboxRow(id=row[0], created_day=row[1], message_id=row[2], subject=row[3], headers=row[4], body=row[5])
            for row in rows
        ]

    async def mark(self, *, stream: str, created: str, stored: Sequence[tuple[OutboxRow, int]]) -> None:
        """Note rows as stored, each at its sequence, and how far the stream is, in one statement."""
        ids = [row.id for row, _ in stored]
        days = [row.created_day for row, _ in stored]
        await self._connection.execute(_MARK, stream, created, ids, days, [sequence for _, sequence in stored])

    async def park(self, row: OutboxRow, *, reason: str, attempts: int) -> None:
        """Set a row aside that can never be stored, and keep it as a dead letter of consumer "relay"."""
        await self._connection.execute(_PARK, row.id, row.created_day, reason, attempts)

    async def unpark(self) -> None:
        """Take back what a person asked to publish again; what maintenance dropped comes from the dead letter."""
        await self._connection.execute(_UNPARK)

    async def unpublish_above(self, stream: str, sequence: int) -> int:
        """Note every row stored above a sequence as not published; gives how many."""
        total = last = 0
        while True:
            row = await self._connection.fetchrow(_UNPUBLISH, stream, sequence, last)
            if row is None or not row["count"]:
                return total
            total, last = total + row["count"], row["last"]

    async def unpublish_missing(self, stream: str, places: Sequence[int], *, newest_only: bool) -> int:
        """Note the rows stored at these places as not published; gives how many there were."""
        if not places:
            return 0
        done: str = await self._connection.execute(_UNPUBLISH_MISSING, stream, list(places), newest_only)
        return int(done.rpartition(" ")[2])

    async def newest_told(self) -> Mapping[str, Told]:
        """Give, by stream, the furthest place at which any of the newest rows was stored."""
        rows = await self._connection.fetch(_NEWEST)
        return {
            row["stream"]: Told(place=row["stream_seq"], message_id=parse_headers(row["headers"])[MESSAGE_ID])
            for row in rows
        }

    async def known_streams(self) -> Mapping[str, KnownStream]:
        """Give what was last known of every stream published to."""
        rows = await self._connection.fetch(_KNOWN)
        return {row["stream"]: KnownStream(created=row["created"], last_sequence=row["last_sequence"]) for row in rows}

    async def remember(self, stream: str, known: KnownStream) -> None:
        """Note how a stream is now."""
        await self._connection.execute(_REMEMBER, stream, known.created, known.last_sequence)

    async def close(self) -> None:
        """Close; the lock goes to whoever asks next."""
        self.leading = False
        try:
            await self._connection.close(timeout=1)
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError):
            self._connection.terminate()
