"""PostgreSQL: units of work, with verdicts, watermarks, inbox and outbox beside the orders."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.idempotency import PostgresRequests
from chassis.inbox import add_inbox
from chassis.outbox import add_outbox
from chassis.postgres import Database
from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from kernel.ids import Network, OrderId, PostId
from orders.domain.change import Announcement
from orders.domain.cutoff import Watermark
from orders.domain.order import Order
from orders.domain.posts import Verdict, VerdictWord
from orders.domain.purchasing import PostRefused
from orders.outbound.messages import message_of
from orders.outbound.postgres_orders import PostgresOrders
from orders.usecases.ports import DatedVerdict, PostKey

OnSaved = Callable[[Sequence[Order]], None]
"""Gets, after the commit, every order that a unit wrote."""

_VERDICTS_BY_POSTS = """
SELECT post_verdict.* FROM post_verdict
JOIN unnest($1::text[], $2::text[]) AS given (network, post_id) USING (network, post_id)
"""
_SAVE_VERDICTS = """
INSERT INTO post_verdict (network, post_id, version_id, author_id, verdict, reason, posted_at, order_id)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[]
)
ON CONFLICT (network, post_id) DO UPDATE SET version_id = excluded.version_id, author_id = excluded.author_id,
    verdict = excluded.verdict, reason = excluded.reason, posted_at = excluded.posted_at,
    decided_at = excluded.decided_at, order_id = COALESCE(excluded.order_id, post_verdict.order_id)
"""
_VERDICTS_OF_ORDER = "SELECT * FROM post_verdict WHERE order_id = $1 ORDER BY decided_at"
_VERDICT_OF_POST = """
SELECT * FROM post_verdict WHERE network = $1 AND post_id = $2
UNION ALL
SELECT * FROM post_verdict WHERE network = $1 AND version_id = $2 AND version_id <> post_id LIMIT 1
"""
_RAISE_WATERMARKS = """
INSERT INTO watermark (network, shard, at)
SELECT network, shard, max(at) FROM unnest($1::text[], $2::int[], $3::timestamptz[]) AS given (network, shard, at)
GROUP BY network, shard ORDER BY network, shard
ON CONFLICT (network, shard) DO UPDATE SET at = excluded.at, stored_at = excluded.stored_at
WHERE watermark.at < excluded.at
"""
_WATERMARKS_OF = "SELECT shard, at FROM watermark WHERE network = $1"


Now = Callable[[], Awaitable[datetime]]
"""The database clock, or in tests one that stands still."""


class PostgresVerdicts:
    """What posts came to."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_posts(self, keys: Iterable[PostKey]) -> dict[PostKey, Verdict]:
        """Read the verdicts on these posts."""
        rows = await fetch_unnest(self._connection, _VERDICTS_BY_POSTS, *columns_of(list(keys), count=2))
        return {(row["network"], row["post_id"]): _verdict_of(row) for row in rows}

    async def save(self, verdicts: Sequence[Verdict]) -> None:
        """Write verdicts; a later one on the same post replaces it."""
        rows = [
            (
                each.network,
                each.post_id,
                each.version_id,
                each.author_id,
                each.word,
                each.reason,
                each.posted_at,
                each.order_id,
            )
            for each in sorted(verdicts, key=lambda each: (each.network, each.post_id))
        ]
        if rows:
            await execute_unnest(self._connection, _SAVE_VERDICTS, *columns_of(rows, count=8))

    async def of_order(self, order_id: OrderId) -> list[DatedVerdict]:
        """Read the verdicts on posts that touched an order."""
        return [_dated(row) for row in await fetch_unnest(self._connection, _VERDICTS_OF_ORDER, order_id)]

    async def of_post(self, network: Network, post_id: PostId) -> DatedVerdict | None:
        """Read the verdict on a post, by its first id or the version it was decided on."""
        rows = await fetch_unnest(self._connection, _VERDICT_OF_POST, network, post_id)
        return _dated(rows[0]) if rows else None


class PostgresWatermarks:
    """How far each network has been read."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def raise_to(self, watermarks: Sequence[Watermark]) -> None:
        """Store them; an older one changes nothing."""
        rows = [(each.network, each.shard, each.at) for each in watermarks]
        if rows:
            await execute_unnest(self._connection, _RAISE_WATERMARKS, *columns_of(rows, count=3))

    async def of(self, network: Network) -> Mapping[int, datetime]:
        """Read a network's watermarks by shard."""
        return {row["shard"]: row["at"] for row in await fetch_unnest(self._connection, _WATERMARKS_OF, network)}


class PostgresInbox:
    """Messages that had their effect, of every consumer of orders."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, consumer: str, message_ids: Iterable[str]) -> set[str]:
        """Write the ids and give those that were new."""
        return await add_inbox(self._connection, consumer=consumer, message_ids=message_ids)


class PostgresOutbox:
    """What is told."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, told: Sequence[Announcement | PostRefused]) -> None:
        """Write what is told with its cause."""
        await add_outbox(self._connection, [message_of(each) for each in told])


class PostgresUnit:
    """One transaction."""

    def __init__(self, connection: AsyncConnection, *, at: datetime) -> None:
        self.at = at
        self.connection = connection
        self.saved: list[Order] = []
        self.orders = PostgresOrders(connection, on_saved=self.saved.extend)
        self.verdicts = PostgresVerdicts(connection)
        self.watermarks = PostgresWatermarks(connection)
        self.inbox = PostgresInbox(connection)
        self.outbox = PostgresOutbox(connection)

    def requests(self, scope: str) -> PostgresRequests:
        """Give the request ids of one kind of call."""
        return PostgresRequests(self.connection, scope=scope)


class PostgresTransactions:
    """Begins units of work; what one saved goes to `on_saved` after its commit, never before."""

    def __init__(self, database: Database, *, on_saved: OnSaved, now: Now | None = None) -> None:
        self._database, self._on_saved = database, on_saved
        self._now = now or database.now

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnit]:
        """Open one transaction."""
        at = await self._now()
        async with self._database.transaction() as connection:
            unit = PostgresUnit(connection, at=at)
            yield unit
        if unit.saved:
            self._on_saved(unit.saved)


def _verdict_of(row: Any) -> Verdict:
    return Verdict(
        network=row["network"],
        post_id=row["post_id"],
        version_id=row["version_id"],
        author_id=row["author_id"],
        word=VerdictWord(row["verdict"]),
        reason=row["reason"],
        posted_at=row["posted_at"],
        order_id=row["order_id"],
    )


def _dated(row: Any) -> DatedVerdict:
    return DatedVerdict(verdict=_verdict_of(row), decided_at=row["decided_at"])
