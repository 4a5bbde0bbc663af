"""Open prompts in PostgreSQL: whom a prompt asks is the author of the post it replies to, any version of it kept."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from gateway.domain.gaps import OpenPrompt
from gateway.usecases.ports import PromptPosted
from kernel.ids import Network, NetworkUserId, PostId

_ADD = """
INSERT INTO prompt (network, post_id, in_reply_to_post_id, posted_at)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::timestamptz[])
ON CONFLICT DO NOTHING
"""

_SINCE = """
SELECT DISTINCT ON (prompt.posted_at, prompt.post_id) prompt.post_id, prompt.posted_at, kept_post.author_id
FROM prompt JOIN kept_post ON kept_post.post_id = prompt.in_reply_to_post_id AND kept_post.network = prompt.network
WHERE prompt.network = $1 AND prompt.posted_at >= $2
ORDER BY prompt.posted_at DESC, prompt.post_id
LIMIT $3
"""

_FORGET = "DELETE FROM prompt WHERE network = $1 AND posted_at < $2"


class PostgresPrompts:
    """The prompts of one network in one transaction."""

    def __init__(self, connection: AsyncConnection, *, network: Network) -> None:
        self._connection, self._network = connection, network

    async def add(self, prompts: Sequence[PromptPosted]) -> None:
        """Remember these; a repeat changes nothing."""
        rows = [(each.post_id, each.in_reply_to_post_id, each.posted_at) for each in prompts]
        await execute_unnest(self._connection, _ADD, self._network, *columns_of(rows, count=3))

    async def since(self, at: datetime, *, prompts_max: int) -> list[OpenPrompt]:
        """Give the newest prompts posted since then, with whom they ask, at most `prompts_max`."""
        rows = await fetch_unnest(self._connection, _SINCE, self._network, at, prompts_max)
        return [
            OpenPrompt(
                post_id=PostId(row["post_id"]), author_id=NetworkUserId(row["author_id"]), posted_at=row["posted_at"]
            )
            for row in rows
        ]

    async def forget_before(self, at: datetime) -> None:
        """Forget prompts posted before then."""
        await execute_unnest(self._connection, _FORGET, self._network, at)
