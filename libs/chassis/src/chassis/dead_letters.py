"""Dead letters: messages that could not be handled or published, kept until a person replays or drops them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest

LISTED_MAX = 500
"""Rows one listing gives at most."""

REASON_MAX = 2_000
"""Characters of a reason that are kept; a stack of text helps nobody."""

_INSERT = """
INSERT INTO dead_letter (consumer, msg_id, subject, headers, body, stream, stream_seq, reason, attempts)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::bigint[], $8::text[], $9::int[]
)
ON CONFLICT (consumer, msg_id) WHERE resolved_at IS NULL
DO UPDATE SET reason = excluded.reason, attempts = dead_letter.attempts + excluded.attempts,
    at = excluded.at, replay_at = NULL
"""

_COLUMNS = """
id, consumer, msg_id, subject, headers, body, stream, stream_seq, reason, attempts,
at, replay_at, resolved_at, resolved_by
"""

_LIST = f"SELECT {_COLUMNS} FROM dead_letter WHERE (resolved_at IS NULL OR $1) ORDER BY id DESC LIMIT $2"  # noqa: S608 - constant
_SHOW = f"SELECT {_COLUMNS} FROM dead_letter WHERE id = ANY($1::bigint[])"  # noqa: S608 - constant
_ASK_REPLAY = """
UPDATE dead_letter SET replay_at = now(), resolved_by = $2 WHERE id = ANY($1::bigint[]) AND resolved_at IS NULL
"""
_DROP = """
UPDATE dead_letter SET resolved_at = now(), resolution = 'DROPPED', resolved_by = $2
WHERE id = ANY($1::bigint[]) AND resolved_at IS NULL
"""
_CLAIM_REPLAYS = f"""
UPDATE dead_letter SET replay_at = NULL WHERE id IN (
    SELECT id FROM dead_letter WHERE consumer = $1 AND replay_at IS NOT NULL AND resolved_at IS NULL
    ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING {_COLUMNS}
"""  # noqa: S608 - constant
_REPLAYED = """
UPDATE dead_letter SET resolved_at = now(), resolution = 'REPLAYED' WHERE id = ANY($1::bigint[]) AND resolved_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeadLetter:
    """A message given up: whole, with where it came from and why."""

    consumer: str
    message_id: str
    subject: str
    headers: bytes
    body: bytes
    stream: str
    sequence: int
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter(NewDeadLetter):
    """A kept one. `replay_at`: a person asked for a replay and its consumer has not done it yet."""

    id: int
    at: datetime
    replay_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None


async def add_dead_letters(connection: AsyncConnection, letters: Sequence[NewDeadLetter]) -> None:
    """Keep messages; one that is open already only counts up and takes the newest reason."""
    unique = {(letter.consumer, letter.message_id): letter for letter in letters}
    rows = [_row(letter) for letter in unique.values()]
    if rows:
        await execute_unnest(connection, _INSERT, *columns_of(rows, count=9))


async def list_dead_letters(connection: AsyncConnection, *, also_resolved: bool = False) -> list[DeadLetter]:
    """Give the newest, at most LISTED_MAX: `hashtill dead list`."""
    return [_letter(row) for row in await fetch_unnest(connection, _LIST, also_resolved, LISTED_MAX)]


async def show_dead_letters(connection: AsyncConnection, ids: Sequence[int]) -> list[DeadLetter]:
    """Give these, in any state: `hashtill dead show`."""
    return [_letter(row) for row in await fetch_unnest(connection, _SHOW, list(ids))]


async def replay_dead_letters(connection: AsyncConnection, ids: Sequence[int], *, by: str) -> int:
    """Ask their consumers to handle these again (within seconds, only there); gives how many were open."""
    return await execute_unnest(connection, _ASK_REPLAY, list(ids), by)


async def drop_dead_letters(connection: AsyncConnection, ids: Sequence[int], *, by: str) -> int:
    """Close these for good; gives how many were open."""
    return await execute_unnest(connection, _DROP, list(ids), by)


async def claim_replays(connection: AsyncConnection, *, consumer: str, count_max: int) -> list[DeadLetter]:
    """Take what this consumer was asked to handle again; another replica does not get it."""
    return [_letter(row) for row in await fetch_unnest(connection, _CLAIM_REPLAYS, consumer, count_max)]


async def mark_replayed(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Close what was handled now."""
    await execute_unnest(connection, _REPLAYED, list(ids))


def _row(letter: NewDeadLetter) -> tuple[Any, ...]:
    return (
        letter.consumer,
        letter.message_id,
        letter.subject,
        letter.headers,
        letter.body,
        letter.stream,
        letter.sequence,
        letter.reason[:REASON_MAX],
        letter.attempts,
    )


def _letter(row: Any) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        consumer=row["consumer"],
        message_id=row["msg_id"],
        subject=row["subject"],
        headers=row["headers"],
        body=row["body"],
        stream=row["stream"],
        sequence=row["stream_seq"],
        reason=row["reason"],
        attempts=row["attempts"],
        at=row["at"],
        replay_at=row["replay_at"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
    )
