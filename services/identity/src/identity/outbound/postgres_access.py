"""OAuth authorizations under way and our access at the networks, sealed, in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from identity.domain.authorization import Authorization, state_key
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

_KEEP = """
INSERT INTO access_grant (link_id, token_sealed) VALUES ($1, $2)
ON CONFLICT (link_id) DO UPDATE SET token_sealed = excluded.token_sealed
"""

_DUE = """
SELECT access_grant.link_id, link.network, token_sealed FROM access_grant JOIN link USING (link_id)
WHERE link.status = 'ENDED' AND link.refusal_reason <> 'RELINKED'
ORDER BY link.updated_at LIMIT $1
"""
"""A link that was linked anew keeps its access: withdrawing it would end the new link's too."""

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


class PostgresGrants:
    """Our access at the networks, of one transaction."""

    def __init__(self, connection: AsyncConnection, *, seal: Seal) -> None:
        self._connection, self._seal = connection, seal

    async def keep(self, link_id: LinkId, token: Secret[str]) -> None:
        """Keep the token that withdraws our access."""
        await execute_unnest(self._connection, _KEEP, link_id, self._seal.close(token))

    async def due(self, *, limit: int) -> Sequence[KeptGrant]:
        """Give the grants of ended links, oldest first."""
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
