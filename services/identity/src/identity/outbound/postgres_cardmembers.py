"""The cardmembers in PostgreSQL: every query a named method."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from identity.domain.contact import Cardmember
from identity.outbound.rows import cardmember_of_row
from kernel.ids import CardmemberId

_COLUMNS = "cardmember_id, account_reference, name, email, language, opt_outs"

_BY_IDS = f"SELECT {_COLUMNS} FROM cardmember WHERE cardmember_id = ANY($1::uuid[])"

_UPSERT = f"""
INSERT INTO cardmember ({_COLUMNS}, updated_at) VALUES ($1, $2, $3, $4, $5, $6::text[], $7)
ON CONFLICT (account_reference) DO UPDATE
SET name = excluded.name, email = excluded.email, language = excluded.language, updated_at = excluded.updated_at
RETURNING {_COLUMNS}
"""

_SAVE_OPT_OUTS = "UPDATE cardmember SET opt_outs = $2::text[], updated_at = $3 WHERE cardmember_id = $1"


class PostgresCardmembers:
    """The cardmembers of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_ids(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Cardmember]:
        """Load cardmembers by id; unknown ids are left out."""
        rows = await fetch_unnest(self._connection, _BY_IDS, list(cardmember_ids))
        return {CardmemberId(row["cardmember_id"]): cardmember_of_row(row) for row in rows}

    async def upsert(self, cardmember: Cardmember, *, at: datetime) -> Cardmember:
        """Write a cardmember by account reference: the id and opt-outs of the first stay, the last contact wins."""
        rows = await fetch_unnest(
            self._connection,
            _UPSERT,
            cardmember.cardmember_id,
            cardmember.account_reference,
            cardmember.contact.name,
            cardmember.contact.email,
            cardmember.contact.language,
            sorted(cardmember.opt_outs),
            at,
        )
        return cardmember_of_row(rows[0])

    async def save_opt_outs(self, cardmember: Cardmember, *, at: datetime) -> None:
        """Replace what a cardmember does not want."""
        opt_outs = sorted(cardmember.opt_outs)
        await execute_unnest(self._connection, _SAVE_OPT_OUTS, cardmember.cardmember_id, opt_outs, at)
