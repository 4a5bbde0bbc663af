"""Known tags on PostgreSQL; each query one method."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from kernel.tags import Tag
from offers.domain.events import KnownTag, TagForgotten
from offers.outbound.rows import known_tag_of


class PostgresKnownTags:
    """The known tags of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_tag(self, tag: Tag) -> KnownTag | None:
        """Load a tag's entry, forgotten or not, locked until the transaction ends."""
        rows = await fetch_unnest(self._connection, "SELECT * FROM known_tag WHERE tag = $1 FOR UPDATE", tag)
        return known_tag_of(rows[0]) if rows else None

    async def save(self, known: KnownTag) -> None:
        """Write a tag's entry."""
        await execute_unnest(
            self._connection,
            "INSERT INTO known_tag (tag, offer_id, kind, channels, ends_at, known_until, version)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tag) DO UPDATE SET offer_id = excluded.offer_id,"
            " kind = excluded.kind, channels = excluded.channels, ends_at = excluded.ends_at,"
            " known_until = excluded.known_until, version = excluded.version, forgotten = false",
            known.tag,
            known.offer_id,
            known.kind,
            list(known.channels),
            known.ends_at,
            known.known_until,
            known.version,
        )

    async def forget(self, forgotten: Sequence[TagForgotten]) -> None:
        """Mark tags as no longer known."""
        rows = [(each.tag, each.version) for each in forgotten]
        await execute_unnest(
            self._connection,
            "UPDATE known_tag k SET forgotten = true, version = given.version"
            " FROM unnest($1::text[], $2::bigint[]) AS given (tag, version) WHERE k.tag = given.tag",
            *columns_of(rows, count=2),
        )

    async def due_to_forget(self, *, at: datetime, limit: int) -> Sequence[KnownTag]:
        """Load and lock known tags whose time is over; those locked elsewhere are left out."""
        query = (
            "SELECT * FROM known_tag WHERE NOT forgotten AND known_until <= $1"
            " ORDER BY known_until LIMIT $2 FOR UPDATE SKIP LOCKED"
        )
        return [known_tag_of(row) for row in await fetch_unnest(self._connection, query, at, limit)]

    async def all_known(self) -> Sequence[KnownTag]:
        """Load every known tag, to fill a bucket that was lost."""
        rows = await fetch_unnest(self._connection, "SELECT * FROM known_tag WHERE NOT forgotten ORDER BY tag")
        return [known_tag_of(row) for row in rows]
