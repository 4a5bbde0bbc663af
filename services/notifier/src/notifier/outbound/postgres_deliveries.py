"""The deliveries in PostgreSQL: every query a named method."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from notifier.domain.delivery import NOT_TRIED, Channel, Delivery, Urgency
from notifier.outbound.rows import (
    CHANGES,
    COLUMNS,
    LEASED_AS,
    TAKEN_AS,
    TYPES,
    delivery_of,
    leased_as,
    outcome_of,
    row_of,
    taken_as,
)
from notifier.usecases.ports import DeliveryFilter, Leased, PageCursor

_ARRAYS = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(TYPES, start=1))

_ADD = f"""
INSERT INTO delivery ({COLUMNS}) SELECT * FROM unnest({_ARRAYS})
ON CONFLICT (delivery_id) DO NOTHING
"""

_OF_THESE = """channel = ANY($1::text[])
    AND CASE channel WHEN 'MAIL' THEN 'MAIL' ELSE 'POST' END
      = CASE WHEN 'MAIL' = ANY($1::text[]) THEN 'MAIL' ELSE 'POST' END"""
"""The second half says the same by the index: mails, or posts and replies, each in a queue of its own."""

_LEASE = f"""
WITH due AS (
    SELECT delivery_id AS id,
        CASE WHEN state = 'SENDING' AND failure <> '{NOT_TRIED}' THEN tried_at END AS unknown_since
    FROM delivery
    WHERE state IN ('WAITING', 'SENDING') AND next_at <= statement_timestamp() AND {_OF_THESE}
    ORDER BY urgency, next_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE delivery SET
    state = 'SENDING', attempts = attempts + 1, tried_at = coalesce(unknown_since, statement_timestamp()),
    next_at = statement_timestamp() + $3::interval,
    failure = CASE WHEN unknown_since IS NULL AND channel <> 'MAIL' THEN '{NOT_TRIED}' ELSE failure END
FROM due WHERE delivery_id = due.id
RETURNING {COLUMNS}, due.unknown_since
"""
"""`tried_at` stays at the first try of unknown outcome: our timeline is searched from there."""


def _given(columns: Mapping[str, str]) -> str:
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(columns.values(), start=1))
    return f"unnest({arrays}) AS given ({', '.join(columns)})"


_BEGIN = f"""
UPDATE delivery SET failure = '', next_at = statement_timestamp() + $5::interval FROM {_given(TAKEN_AS)}
WHERE delivery.delivery_id = given.key AND delivery.state = given.was AND delivery.tried_at = given.leased_at
  AND delivery.attempts = given.attempt AND delivery.failure <> ''
RETURNING {COLUMNS}
"""
"""Two takers of a post in doubt share its `tried_at`: the attempt tells them apart."""

_KEEP = f"""
WITH ours AS (
    SELECT delivery_id AS id FROM delivery
    JOIN {_given(LEASED_AS)}
        ON delivery.delivery_id = given.key AND delivery.state = given.was AND delivery.tried_at = given.leased_at
    FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE delivery SET next_at = greatest(next_at, statement_timestamp() + $4::interval)
FROM ours WHERE delivery_id = ours.id
"""
"""What is locked is just being written, by ourselves perhaps: to wait for it could be a deadlock. What has been written
may have to rest for longer."""

_SENDING = f"SELECT count(*) FROM delivery WHERE state = 'SENDING' AND {_OF_THESE}"

_UNDELIVERED = """
SELECT delivery.urgency, count(*) AS deliveries
FROM delivery JOIN unnest($1::smallint[], $2::timestamptz[]) AS oldest (urgency, since) USING (urgency)
WHERE delivery.state IN ('WAITING', 'SENDING') AND delivery.created_at < oldest.since GROUP BY delivery.urgency
"""

_SAVE = f"""
UPDATE delivery SET {", ".join(f"{name} = given.{name}" for name in CHANGES)}
FROM {_given({**LEASED_AS, **CHANGES})}
WHERE delivery.delivery_id = given.key AND delivery.state = given.was AND delivery.tried_at = given.leased_at
RETURNING delivery.delivery_id
"""
"""Only who still holds the lease as it was given may write; another taker changed `tried_at` or the state. The state is
given by row: written out, it lets the planner walk the index of due deliveries, with all that were due before."""

_PAGE = f"""
SELECT {COLUMNS} FROM delivery
WHERE ($1::uuid IS NULL OR order_id = $1) AND (cardinality($2::text[]) = 0 OR state = ANY($2))
  AND ($3::timestamptz IS NULL OR (created_at, delivery_id) < ($3, $4::uuid))
ORDER BY created_at DESC, delivery_id DESC LIMIT $5
"""


class PostgresDeliveries:
    """The deliveries of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Write new ones; one that is there already stays as it is."""
        if deliveries:
            rows = [row_of(each) for each in sorted(deliveries, key=lambda each: each.delivery_id)]
            await execute_unnest(self._connection, _ADD, *columns_of(rows, count=len(TYPES)))

    async def lease(self, channels: Sequence[Channel], *, limit: int, lease_time: timedelta) -> Sequence[Leased]:
        """Take the most urgent due ones for sending, each for one taker, until the lease runs out."""
        names = [each.value for each in channels]
        rows = await fetch_unnest(self._connection, _LEASE, names, limit, lease_time)
        leased = [Leased(delivery=delivery_of(row), unknown_since=row["unknown_since"]) for row in rows]
        return sorted(leased, key=lambda each: (each.delivery.urgency, each.delivery.created_at))

    async def begin(self, leased: Sequence[Leased], *, lease_time: timedelta) -> Sequence[Leased]:
        """Note that these posts are tried from now on; only those come back that nobody else took."""
        columns = columns_of([taken_as(each.delivery) for each in leased], count=len(TAKEN_AS))
        rows = await fetch_unnest(self._connection, _BEGIN, *columns, lease_time)
        begun = {row["delivery_id"]: delivery_of(row) for row in rows}
        ours = [each for each in leased if each.delivery.delivery_id in begun]
        return [replace(each, delivery=begun[each.delivery.delivery_id]) for each in ours]

    async def keep(self, leased: Sequence[Leased], *, lease_time: timedelta) -> None:
        """Let the leases of those that are still leased as they were run from now on, and none end sooner."""
        columns = columns_of([leased_as(each.delivery) for each in leased], count=len(LEASED_AS))
        await execute_unnest(self._connection, _KEEP, *columns, lease_time)

    async def count_sending(self, channels: Sequence[Channel]) -> int:
        """Count those that are leased."""
        rows = await fetch_unnest(self._connection, _SENDING, [each.value for each in channels])
        return int(rows[0]["count"])

    async def undelivered(self, since: Mapping[Urgency, datetime]) -> Mapping[Urgency, int]:
        """Count those made before the given moments and neither sent nor given up."""
        rows = await fetch_unnest(self._connection, _UNDELIVERED, *columns_of(list(since.items()), count=2))
        return {Urgency(row["urgency"]): row["deliveries"] for row in rows}

    async def save(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Write the outcomes of leased ones; only those still leased as they were come back."""
        if not deliveries:
            return []
        columns = columns_of([outcome_of(each) for each in deliveries], count=len(LEASED_AS) + len(CHANGES))
        won = {row["delivery_id"] for row in await fetch_unnest(self._connection, _SAVE, *columns)}
        return [each for each in deliveries if each.delivery_id in won]

    async def page(self, where: DeliveryFilter, *, after: PageCursor | None, limit: int) -> Sequence[Delivery]:
        """Load one page, newest first."""
        rows = await fetch_unnest(
            self._connection,
            _PAGE,
            where.order_id,
            sorted(each.value for each in where.states),
            after.created_at if after else None,
            after.delivery_id if after else None,
            limit,
        )
        return [delivery_of(row) for row in rows]
