"""Seeding: copies of one real order by the hundred thousand, through every constraint and index of the table."""

import asyncio
from datetime import datetime, timedelta

from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest
from hashtill_cli.bench.timers.pattern import story_of_one
from orders.outbound.postgres import PostgresTransactions

CHUNK = 25_000
"""Copies a statement: some seconds even on a busy machine."""

LANES = 2

_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'orders' ORDER BY ordinal_position
"""

_OWN = {
    "order_id": "md5('order' || n)::uuid",
    "post_id": "(o.post_id::bigint + n * 4096)::text",
    "version_id": "(o.post_id::bigint + n * 4096)::text",
    "prompt_post_id": "(o.prompt_post_id::bigint + n * 4096)::text",
    "author_id": "(o.author_id::bigint + n)::text",
    "link_id": "md5('link' || n)::uuid",
    "cardmember_id": "md5('member' || n)::uuid",
    "card_token": "'tok_' || md5('card' || n)",
    "confirmation_tag": "'ok' || lpad(to_hex(n * 2654435761 % 4294967296), 8, '0')",
    "created_at": "o.created_at + n * interval '1 millisecond'",
    "deadline_at": "due.at",
    "confirm_by": "due.at",
}
"""What differs from copy to copy, by its number n: ids as scattered as real ones, posts and times in their order."""

_COPY = """
INSERT INTO orders ({columns})
SELECT {values} FROM (SELECT * FROM orders WHERE version_id = $1) AS o,
    generate_series($2::bigint, $3::bigint) AS n,
    LATERAL (SELECT $4::timestamptz + (n - $5::bigint) * $6::float8 * interval '1 second' AS at) AS due
"""


class Seeds:
    """Makes copies, each a new number."""

    def __init__(self) -> None:
        self._copy = self._post_id = ""
        self._next = 1

    @property
    def begun(self) -> bool:
        """Whether there is an order to copy."""
        return bool(self._copy)

    async def begin(self, database: Database) -> None:
        """Save the order that is copied."""
        async with PostgresTransactions(database, on_saved=lambda _: None).begin() as unit:
            for change in story_of_one(unit.at):
                await unit.orders.save([change])
                self._post_id = change.order.post_id
            columns = [row["column_name"] for row in await fetch_unnest(unit.connection, _COLUMNS)]
        values = ", ".join(_OWN.get(column, f"o.{column}") for column in columns)
        self._copy = _COPY.format(columns=", ".join(columns), values=values)

    async def add(self, database: Database, count: int, *, within_seconds: float, in_seconds: float = 0) -> datetime:
        """Add so many orders whose windows end evenly within a time, the first one so long from now; gives when."""
        first_at = await database.now() + timedelta(seconds=in_seconds)
        first, self._next = self._next, self._next + count
        step = within_seconds / count
        starts = iter(range(first, first + count, CHUNK))

        async def lane() -> None:
            for start in starts:
                last = min(start + CHUNK, first + count) - 1
                async with database.transaction() as connection:
                    await execute_unnest(connection, self._copy, self._post_id, start, last, first_at, first, step)

        await asyncio.gather(*(lane() for _ in range(LANES)))
        return first_at

    async def tidy(self, database: Database) -> None:
        """Give the tables the statistics and visibility they would have had, had the orders come one by one."""
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql("VACUUM (ANALYZE) orders, order_log")
