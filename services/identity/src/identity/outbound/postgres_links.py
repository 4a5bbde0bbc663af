"""The links in PostgreSQL: every query a named method."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from identity.domain.link import Link
from identity.outbound.rows import LINK_CHANGES, LINK_COLUMNS, LINK_TYPES, link_of_row, row_of_link
from identity.usecases.ports import LinkAccount, LinkFilter, PageCursor
from kernel.ids import LinkId

_ARRAYS = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(LINK_TYPES, start=1))

_ADD = f"INSERT INTO link ({LINK_COLUMNS}) SELECT * FROM unnest({_ARRAYS})"

_SAVE = f"""
UPDATE link SET {", ".join(f"{name} = given.{name}" for name in LINK_CHANGES)}
FROM unnest({_ARRAYS}) AS given ({LINK_COLUMNS})
WHERE link.link_id = given.link_id AND link.version = given.version - 1
RETURNING link.link_id
"""

_BY_IDS = f"SELECT {LINK_COLUMNS} FROM link WHERE link_id = ANY($1::uuid[])"

_LOCKED = f"SELECT {LINK_COLUMNS} FROM link WHERE link_id = $1 FOR UPDATE"

_QUALIFIED = ", ".join(f"link.{name.strip()}" for name in LINK_COLUMNS.split(","))

_BY_ACCOUNTS = f"""
SELECT DISTINCT ON (link.network, link.network_user_id) {_QUALIFIED}
FROM unnest($1::text[], $2::text[]) AS asked (network, network_user_id)
JOIN link ON link.network = asked.network AND link.network_user_id = asked.network_user_id AND link.status <> 'ENDED'
ORDER BY link.network, link.network_user_id, link.status IN ('ACTIVE', 'FROZEN') DESC, link.updated_at DESC
"""

_LOCK_ACCOUNTS = """
SELECT pg_advisory_xact_lock(account) FROM (
    SELECT hashtextextended(network || ':' || network_user_id, 0) AS account
    FROM unnest($1::text[], $2::text[]) AS asked (network, network_user_id) ORDER BY account
) AS accounts
"""

_HOLDING = f"""
SELECT {_QUALIFIED}
FROM unnest($1::text[], $2::text[]) AS asked (network, network_user_id)
JOIN link ON link.network = asked.network AND link.network_user_id = asked.network_user_id
WHERE link.status IN ('ACTIVE', 'FROZEN')
ORDER BY link.link_id FOR UPDATE OF link
"""

_ASKED = {
    "cardmember_id": "cardmember_id = ${place}::uuid",
    "network": "network = ${place}",
    "handle": "lower(handle) = ${place}",
}
"""What a person may look for, each by its index; a handle is given in lower case."""

_PAGE = f"""
SELECT {LINK_COLUMNS} FROM link
WHERE ($1::timestamptz IS NULL OR (updated_at, link_id) < ($1, $2::uuid)) {{asked}}
ORDER BY updated_at DESC, link_id DESC LIMIT $3
"""


class PostgresLinks:
    """The links of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_ids(self, link_ids: Sequence[LinkId]) -> Mapping[LinkId, Link]:
        """Load links by id; unknown ids are left out."""
        rows = await fetch_unnest(self._connection, _BY_IDS, list(link_ids))
        return {LinkId(row["link_id"]): link_of_row(row) for row in rows}

    async def locked(self, link_id: LinkId) -> Link | None:
        """Load one link to change it, locked until the transaction ends."""
        rows = await fetch_unnest(self._connection, _LOCKED, link_id)
        return link_of_row(rows[0]) if rows else None

    async def by_accounts(self, accounts: Sequence[LinkAccount]) -> Mapping[LinkAccount, Link]:
        """Load the one link that speaks for each account."""
        links = await self._of_accounts(_BY_ACCOUNTS, accounts)
        return {link.account: link for link in links}

    async def holding(self, accounts: Sequence[LinkAccount]) -> Sequence[Link]:
        """Lock the accounts, then, in the next statement, every ACTIVE or FROZEN link of theirs in id order."""
        await fetch_unnest(self._connection, _LOCK_ACCOUNTS, *columns_of(accounts, count=2))
        return await self._of_accounts(_HOLDING, accounts)

    async def page(self, where: LinkFilter, *, after: PageCursor | None, limit: int) -> Sequence[Link]:
        """Load one page, newest first."""
        asked = {name: value for name in _ASKED if (value := getattr(where, name))}
        conditions = [_ASKED[name].format(place=place) for place, name in enumerate(asked, start=4)]
        statement = _PAGE.format(asked="".join(f" AND {condition}" for condition in conditions))
        position = (after.updated_at, after.link_id) if after else (None, None)
        rows = await fetch_unnest(self._connection, statement, *position, limit, *asked.values())
        return [link_of_row(row) for row in rows]

    async def add(self, link: Link) -> None:
        """Write a new link."""
        await execute_unnest(self._connection, _ADD, *columns_of([row_of_link(link)], count=len(LINK_TYPES)))

    async def save(self, links: Sequence[Link]) -> Sequence[Link]:
        """Compare-and-set each on the version before; only winners come back."""
        if not links:
            return []
        columns = columns_of([row_of_link(link) for link in links], count=len(LINK_TYPES))
        won = {row["link_id"] for row in await fetch_unnest(self._connection, _SAVE, *columns)}
        return [link for link in links if link.link_id in won]

    async def _of_accounts(self, statement: str, accounts: Sequence[LinkAccount]) -> list[Link]:
        networks, user_ids = columns_of(accounts, count=2)
        return [link_of_row(row) for row in await fetch_unnest(self._connection, statement, networks, user_ids)]
