"""Merchants on PostgreSQL; each query one method."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from kernel.ids import MerchantId
from offers.domain.merchant import Merchant
from offers.outbound.rows import merchant_of


class PostgresMerchants:
    """The merchants of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_ids(self, merchant_ids: Sequence[MerchantId]) -> Mapping[MerchantId, Merchant]:
        """Load merchants by id; unknown ids are left out."""
        rows = await fetch_unnest(
            self._connection, "SELECT * FROM merchant WHERE merchant_id = ANY($1::text[])", list(merchant_ids)
        )
        return {merchant.merchant_id: merchant for merchant in map(merchant_of, rows)}

    async def page(self, *, after: MerchantId | None, limit: int) -> Sequence[Merchant]:
        """Load one page, by id."""
        query = "SELECT * FROM merchant WHERE merchant_id > $1 ORDER BY merchant_id LIMIT $2"
        return [merchant_of(row) for row in await fetch_unnest(self._connection, query, after or "", limit)]

    async def save(self, merchant: Merchant) -> None:
        """Write a merchant, new or changed."""
        await execute_unnest(
            self._connection,
            "INSERT INTO merchant (merchant_id, display_name, support_email, updated_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (merchant_id) DO UPDATE SET display_name = excluded.display_name,"
            " support_email = excluded.support_email, updated_at = excluded.updated_at",
            merchant.merchant_id,
            merchant.display_name,
            merchant.support_email,
            merchant.updated_at,
        )
