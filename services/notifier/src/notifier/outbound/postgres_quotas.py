"""Answered refusals and quotas in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from kernel.ids import Network, NetworkUserId
from notifier.domain.planning import RefusalKey
from notifier.domain.quota import Quota

_FIRST_TODAY = """
INSERT INTO refusal_answered (author_id, reason, day) SELECT * FROM unnest($1::text[], $2::text[], $3::date[])
ON CONFLICT DO NOTHING RETURNING author_id, reason, day
"""

_SPENT = (
    "SELECT count(*) AS spent FROM delivery WHERE channel = 'REPLY' AND urgency = 2 AND state = 'SENT' AND sent_at > $1"
)

_READ = "SELECT quota_limit, remaining, reset_at FROM quota WHERE network = $1"

_WRITE = """
INSERT INTO quota (network, quota_limit, remaining, reset_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (network) DO UPDATE
SET quota_limit = excluded.quota_limit, remaining = excluded.remaining, reset_at = excluded.reset_at
"""


class PostgresRefusals:
    """The answered refusals, of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def first_today(self, keys: Sequence[RefusalKey]) -> set[RefusalKey]:
        """Note refusals; only those not noted before come back."""
        if not keys:
            return set()
        rows = await fetch_unnest(self._connection, _FIRST_TODAY, *columns_of(keys, count=3))
        return {(NetworkUserId(row["author_id"]), row["reason"], row["day"]) for row in rows}

    async def spent_since(self, at: datetime) -> int:
        """Count the refusals replied to since then."""
        return int((await fetch_unnest(self._connection, _SPENT, at))[0]["spent"])


class PostgresQuotas:
    """What the networks left of our quota, of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def read(self, network: Network) -> Quota | None:
        """Read what is known; None before the first answer."""
        rows = await fetch_unnest(self._connection, _READ, network)
        if not rows:
            return None
        return Quota(limit=rows[0]["quota_limit"], remaining=rows[0]["remaining"], reset_at=rows[0]["reset_at"])

    async def write(self, network: Network, quota: Quota) -> None:
        """Keep the newest answer."""
        await execute_unnest(self._connection, _WRITE, network, quota.limit, quota.remaining, quota.reset_at)
