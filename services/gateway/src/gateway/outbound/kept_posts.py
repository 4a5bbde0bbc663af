"""Kept posts and revocations in PostgreSQL: the primary key decides what is new."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from gateway.domain.post import Post, Revocation
from kernel.ids import Network, NetworkUserId, PostId

_ADD = """
INSERT INTO kept_post (message_id, network, post_id, version_id, author_id, kind, posted_at)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[]
)
ON CONFLICT DO NOTHING RETURNING message_id
"""

_AUTHORS_SINCE = """
SELECT author_id FROM kept_post WHERE network = $1 AND posted_at >= $2
GROUP BY author_id ORDER BY max(posted_at) DESC, author_id LIMIT $3
"""

_FIRST_IDS = """
SELECT wanted.id, min(kept_post.post_id) AS post_id FROM unnest($1::text[]) AS wanted (id)
JOIN kept_post ON kept_post.version_id = wanted.id OR kept_post.post_id = wanted.id
GROUP BY wanted.id
"""

_FORGET = """
DELETE FROM kept_post WHERE message_id = ANY (ARRAY(
    SELECT message_id FROM kept_post WHERE posted_at < $1 ORDER BY posted_at LIMIT $2
))
"""

_ADD_REVOCATIONS = """
INSERT INTO kept_revocation (message_id, network, user_id, revoked_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
ON CONFLICT DO NOTHING RETURNING message_id
"""


class PostgresKeptPosts:
    """The kept posts of one transaction."""

    def __init__(self, connection: AsyncConnection, *, network: Network) -> None:
        self._connection, self._network = connection, network

    async def add(self, posts: Sequence[Post]) -> list[Post]:
        """Keep these; gives, in order, those that were not kept before."""
        if not posts:
            return []
        rows = [
            (each.message_id, each.network, each.post_id, each.version_id, each.author_id, each.kind, each.posted_at)
            for each in posts
        ]
        added = await fetch_unnest(self._connection, _ADD, *columns_of(rows, count=7))
        new = {row["message_id"] for row in added}
        return [post for post in posts if post.message_id in new]

    async def authors_since(self, at: datetime, *, authors_max: int) -> list[NetworkUserId]:
        """Give who posted what we kept since then, the newest first, at most `authors_max`."""
        rows = await fetch_unnest(self._connection, _AUTHORS_SINCE, self._network, at, authors_max)
        return [NetworkUserId(row["author_id"]) for row in rows]

    async def first_ids(self, ids: Collection[PostId]) -> Mapping[PostId, PostId]:
        """Give the business key for each of these ids of which any version was kept."""
        if not ids:
            return {}
        rows = await fetch_unnest(self._connection, _FIRST_IDS, list(ids))
        return {PostId(row["id"]): PostId(row["post_id"]) for row in rows}

    async def add_revocations(self, revocations: Sequence[Revocation]) -> list[Revocation]:
        """Keep these; gives, in order, those that were not kept before."""
        unique = list({each.message_id: each for each in revocations}.values())
        if not unique:
            return []
        rows = [(each.message_id, each.network, each.user_id, each.revoked_at) for each in unique]
        added = await fetch_unnest(self._connection, _ADD_REVOCATIONS, *columns_of(rows, count=4))
        new = {row["message_id"] for row in added}
        return [each for each in unique if each.message_id in new]

    async def forget_before(self, at: datetime, *, posts_max: int) -> int:
        """Forget the oldest versions made before then, at most so many; gives how many."""
        return await execute_unnest(self._connection, _FORGET, at, posts_max)
