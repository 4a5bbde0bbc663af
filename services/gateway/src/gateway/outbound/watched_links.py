"""Watched links in PostgreSQL: the newest version of a link counts."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from gateway.usecases.ports import LinkChange
from kernel.ids import Network, NetworkUserId

_APPLY = """
INSERT INTO watched_link (link_id, network, user_id, watched, version)
SELECT link_id, $1, user_id, watched, version
FROM unnest($2::uuid[], $3::text[], $4::boolean[], $5::bigint[]) AS given (link_id, user_id, watched, version)
ON CONFLICT (link_id) DO UPDATE SET user_id = excluded.user_id, watched = excluded.watched, version = excluded.version
WHERE watched_link.version < excluded.version
"""

_ACCOUNTS = "SELECT DISTINCT user_id FROM watched_link WHERE network = $1 AND watched"


class PostgresWatchedLinks:
    """The watched links of one network in one transaction."""

    def __init__(self, connection: AsyncConnection, *, network: Network) -> None:
        self._connection, self._network = connection, network

    async def apply(self, changes: Sequence[LinkChange]) -> None:
        """Store changes; one older than what is stored changes nothing."""
        newest = {each.link_id: each for each in sorted(changes, key=lambda each: each.version)}
        rows = [(each.link_id, each.user_id, each.watched, each.version) for each in newest.values()]
        await execute_unnest(self._connection, _APPLY, self._network, *columns_of(rows, count=4))

    async def accounts(self) -> set[NetworkUserId]:
        """Give the accounts that have a watched link."""
        rows = await fetch_unnest(self._connection, _ACCOUNTS, self._network)
        return {NetworkUserId(row["user_id"]) for row in rows}
