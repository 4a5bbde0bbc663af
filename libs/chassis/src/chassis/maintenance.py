"""Maintenance: tomorrow's partitions of outbox and inbox are made, old ones dropped, answered requests forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

import asyncpg
import structlog

from chassis.outages import is_outage
from chassis.patience import stopped_within
from chassis.postgres import Database, raw_connection

OUTBOX_KEPT_DAYS = 7
INBOX_KEPT_DAYS = 14
"""The inbox outlives every redelivery (outbox 7 days, streams 8 days)."""

DAYS_AHEAD = 2
"""Partitions made in advance, so that a maintenance that fails for a day costs nothing."""

EVERY_SECONDS = 600.0

FORGOTTEN_MAX = 10_000
"""Rows one statement forgets at most; the rest waits for the next tick."""

LOCK_TIMEOUT_MS = 250
"""Dropping a partition waits for everyone and everyone waits for it; so briefly, and again at the next tick."""

_LOCK = 0x6861_7368_6D61
"""Advisory lock ("hashma"): one replica tidies, the others have nothing to do."""

_FORGET = (
    """
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency WHERE at < now() - make_interval(days => $1) LIMIT $2))
    """,
    """
    DELETE FROM inbox_rest WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM inbox_rest WHERE day < current_date - $1::int LIMIT $2))
    """,
    """
    DELETE FROM suspect WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM suspect WHERE at < now() - make_interval(days => $1) LIMIT $2))
    """,
)
"""What is kept as long as the inbox and no longer; $1 days, $2 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Daily:
    table: str
    day_column: str
    kept_days: int
    kept_while: str | None


_OUTBOX = _Daily(
    table="outbox",
    day_column="created_day",
    kept_days=OUTBOX_KEPT_DAYS,
    kept_while="published_at IS NULL AND parked_at IS NULL",
)
_INBOX = _Daily(table="inbox", day_column="day", kept_days=INBOX_KEPT_DAYS, kept_while=None)


class Maintenance:
    """Keeps one database's message tables; run it in every service: `lifecycle.add_worker("maintenance", m.run)`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stop: asyncio.Event) -> None:
        """Tick now and every ten minutes until stopped; a tick that fails is told and tried again."""
        while not stop.is_set():
            try:
                await self.run_once()
            except Exception as error:
                if not (isinstance(error, asyncpg.PostgresError) or is_outage(error)):
                    raise
                structlog.get_logger().warning("maintenance_failed", cause=str(error))
            await stopped_within(stop, EVERY_SECONDS)

    async def run_once(self, *, today: date | None = None) -> None:
        """Make and drop partitions as of today (UTC, by default the database's), then forget what is old."""
        day = today or (await self._database.now()).astimezone(UTC).date()
        for daily in (_OUTBOX, _INBOX):
            await self._alone(partial(_make, daily=daily, today=day))
        for daily in (_OUTBOX, _INBOX):
            await self._alone(partial(_drop, daily=daily, today=day))
        await self._alone(_forget)

    async def _alone(self, step: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        """Run one step in a transaction of its own, unless another replica is at it."""
        async with self._database.transaction() as connection:
            raw = raw_connection(connection)
            await raw.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_MS}ms'")
            if await raw.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
                await step(raw)


async def _make(raw: asyncpg.Connection, *, daily: _Daily, today: date) -> None:
    existing = await _partitions(raw, daily)
    for day in (today + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1)):
        if day not in existing:
            await _make_one(raw, daily, day=day)


async def _make_one(raw: asyncpg.Connection, daily: _Daily, *, day: date) -> None:
    """Fill a new table from the rest partition, then attach it: attaching fails while the rest holds its rows."""
    name, bounds = f"{daily.table}_{day:%Y%m%d}", f"FROM ('{day}') TO ('{day + timedelta(days=1)}')"
    await raw.execute(f"CREATE TABLE {name} (LIKE {daily.table} INCLUDING ALL)")
    await raw.execute(
        f"WITH moved AS (DELETE FROM {daily.table}_rest WHERE {daily.day_column} = '{day}' RETURNING *) "  # noqa: S608 - names and dates of our own
        f"INSERT INTO {name} SELECT * FROM moved"
    )
    await raw.execute(f"ALTER TABLE {daily.table} ATTACH PARTITION {name} FOR VALUES {bounds}")


async def _forget(raw: asyncpg.Connection) -> None:
    for statement in _FORGET:
        await raw.execute(statement, INBOX_KEPT_DAYS, FORGOTTEN_MAX)


async def _drop(raw: asyncpg.Connection, *, daily: _Daily, today: date) -> None:
    for day, name in (await _partitions(raw, daily)).items():
        if day >= today - timedelta(days=daily.kept_days):
            continue
        if daily.kept_while and await raw.fetchval(f"SELECT EXISTS (SELECT FROM {name} WHERE {daily.kept_while})"):  # noqa: S608 - our own names
            structlog.get_logger().error("outbox_unpublished_for_days", partition=name, kept_days=daily.kept_days)
            continue
        await raw.execute(f"DROP TABLE {name}")


async def _partitions(raw: asyncpg.Connection, daily: _Daily) -> dict[date, str]:
    rows = await raw.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass", daily.table
    )
    stem = f"{daily.table}_"
    names = (row["name"] for row in rows)
    return {_day(name.removeprefix(stem)): name for name in names if name != f"{stem}rest"}


def _day(stamp: str) -> date:
    return datetime.strptime(stamp, "%Y%m%d").replace(tzinfo=UTC).date()
