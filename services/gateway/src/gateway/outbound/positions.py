"""Positions and the watermark in PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from gateway.domain.arrivals import Stream
from gateway.domain.positions import Position, StreamState
from kernel.ids import Network

_LOAD = """
SELECT stream, state, since, last_heard_at, read_until, gap_from, why_lost FROM network_stream WHERE network = $1
"""

_SAVE = """
INSERT INTO network_stream (network, stream, state, since, last_heard_at, read_until, gap_from, why_lost)
SELECT $1, * FROM unnest(
    $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::text[]
)
ON CONFLICT (network, stream) DO UPDATE SET
    state = excluded.state, since = excluded.since, last_heard_at = excluded.last_heard_at,
    read_until = excluded.read_until, gap_from = excluded.gap_from, why_lost = excluded.why_lost
"""

_WATERMARK = "SELECT at FROM network_watermark WHERE network = $1"

_SAVE_WATERMARK = """
INSERT INTO network_watermark (network, at) VALUES ($1, $2)
ON CONFLICT (network) DO UPDATE SET at = GREATEST(network_watermark.at, excluded.at)
"""


class PostgresPositions:
    """The positions of one network in one transaction."""

    def __init__(self, connection: AsyncConnection, *, network: Network) -> None:
        self._connection, self._network = connection, network

    async def load(self) -> dict[Stream, Position]:
        """Give the stored positions."""
        rows = await fetch_unnest(self._connection, _LOAD, self._network)
        return {Stream(row["stream"]): _position(row) for row in rows}

    async def save(self, positions: Iterable[Position]) -> None:
        """Store positions."""
        rows = [
            (each.stream, each.state, each.since, each.last_heard_at, each.read_until, each.gap_from, each.why_lost)
            for each in positions
        ]
        await execute_unnest(self._connection, _SAVE, self._network, *columns_of(rows, count=7))

    async def watermark(self) -> datetime | None:
        """Give the watermark last told."""
        rows = await fetch_unnest(self._connection, _WATERMARK, self._network)
        return rows[0]["at"] if rows else None

    async def save_watermark(self, at: datetime) -> None:
        """Store the watermark; it never goes back."""
        await execute_unnest(self._connection, _SAVE_WATERMARK, self._network, at)


def _position(row: asyncpg.Record) -> Position:
    return Position(
        stream=Stream(row["stream"]),
        state=StreamState(row["state"]),
        since=row["since"],
        last_heard_at=row["last_heard_at"],
        read_until=row["read_until"],
        gap_from=row["gap_from"],
        why_lost=row["why_lost"],
    )
