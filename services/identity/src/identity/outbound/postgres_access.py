"""OAuth authorizations under way and our access at the networks, sealed, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from identity.domain.authorization import Authorization, state_key
from identity.domain.link import Link
from identity.outbound.seal import Seal
from identity.usecases.ports import KeptGrant
from kernel.ids import LinkId, Network
from kernel.secret import Secret

_ADD = """
INSERT INTO authorization_under_way (state_hash, verifier_sealed, link_id, browser_session, expires_at)
VALUES ($1, $2, $3, $4, $5)
"""

_TAKE = """
DELETE FROM authorization_under_way WHERE state_hash = $1
RETURNING verifier_sealed, link_id, browser_session, expires_at
"""

_FORGET = """
DELETE FROM authorization_under_way WHERE state_hash = ANY (ARRAY(
    SELECT state_hash FROM authorization_under_way WHERE expires_at < $1 ORDER BY expires_at LIMIT $2
))
"""

_KEEP = """
INSERT INTO access_grant (link_id, token_sealed) VALUES ($1, $2)
ON CONFLICT (link_id) DO UPDATE SET token_sealed = excluded.token_sealed
"""

_RELEASE = "UPDATE access_grant SET due_since = $2 WHERE link_id = ANY($1::uuid[])"

_SUPERSEDE = """
DELETE FROM access_grant USING link
WHERE access_grant.link_id = link.link_id AND link.network = $1 AND link.network_user_id = $2 AND link.status = 'ENDED'
"""

_DUE = """
SELECT access_grant.link_id, link.network, token_sealed FROM access_grant JOIN link USING (link_id)
WHERE due_since IS NOT NULL ORDER BY due_since LIMIT $1
"""

_DROP = "DELETE FROM access_grant WHERE link_id = ANY($1::uuid[])"


class PostgresAuthorizations:
    """The authorizations under way, of one transaction."""

    def __init__(self, connection: AsyncConnection, *, seal: Seal) -> None:
        self._connection, self._seal = connection, seal

    async def add(self, authorization: Authorization) -> None:
        """Write one down; the state as its hash, the verifier sealed."""
        await execute_unnest(
            self._connection,
            _ADD,
            state_key(authorization.state.reveal()),
            self._seal.close(authorization.verifier),
            authorization.link_id,
            authorization.browser_session,
            authorization.expires_at,
        )

    async def take(self, state: str) -> Authorization | None:
        """Give one out for good: a second taker gets None."""
        rows = await fetch_unnest(self._connection, _TAKE, state_key(state))
        if not rows:
            return None
        row = rows[0]
        return Authorization(
            state=Secret(state),
            verifier=self._seal.open(row["verifier_sealed"]),
            link_id=LinkId(row["link_id"]),
            browser_session=row["browser_session"],
            expires_at=row["expires_at"],
        )

    async def forget_before(self, at: datetime, *, limit: int) -> int:
        """Forget the oldest that were over before then, at most so many; gives how many."""
        return await execute_unnest(self._connection, _FORGET, at, limit)


class PostgresGrants:
    """Our access at the networks, of one transaction."""

    def __init__(self, connection: AsyncConnection, *, seal: Seal) -> None:
        self._connection, self._seal = connection, seal

    async def keep(self, link_id: LinkId, token: Secret[str]) -> None:
        """Keep the token that withdraws our access."""
        await execute_unnest(self._connection, _KEEP, link_id, self._seal.close(token))

    async def release(self, link_ids: Sequence[LinkId], *, at: datetime) -> None:
        """Have the tokens of links that ended withdrawn."""
        await execute_unnest(self._connection, _RELEASE, list(link_ids), at)

    async def supersede(self, link: Link) -> None:
        """Forget the tokens of the account's ended links."""
        await execute_unnest(self._connection, _SUPERSEDE, *link.account)

    async def due(self, *, limit: int) -> Sequence[KeptGrant]:
        """Give released grants, longest released first."""
        return [
            KeptGrant(
                link_id=LinkId(row["link_id"]),
                network=Network(row["network"]),
                token=self._seal.open(row["token_sealed"]),
            )
            for row in await fetch_unnest(self._connection, _DUE, limit)
        ]

    async def drop(self, link_ids: Sequence[LinkId]) -> None:
        """Forget tokens that were withdrawn."""
        await execute_unnest(self._connection, _DROP, list(link_ids))
