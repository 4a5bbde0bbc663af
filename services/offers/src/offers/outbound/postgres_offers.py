"""Offers and their stock on PostgreSQL; each query one method."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import execute_unnest, fetch_unnest
from kernel.ids import Network, OfferId
from kernel.tags import Tag
from offers.domain.offer import Offer
from offers.outbound.rows import OFFER_COLUMNS, offer_of, offer_values
from offers.usecases.ports import FavoritePosition, OfferFilter, OfferPosition

SELECT_OFFERS = """
SELECT o.*, s.total, s.available, s.held, s.committed, s.version AS stock_version, m.display_name AS merchant_name
FROM offer o JOIN stock s USING (offer_id) JOIN merchant m USING (merchant_id)
"""

_LOCK = "SELECT offer_id FROM stock WHERE offer_id = ANY($1::text[]) ORDER BY offer_id FOR UPDATE"

_PLACES = ", ".join(f"${number}" for number in range(1, len(OFFER_COLUMNS.split(", ")) + 1))
_INSERT = f"INSERT INTO offer ({OFFER_COLUMNS}) VALUES ({_PLACES}) ON CONFLICT (offer_id) DO NOTHING"
_UPDATE = f"UPDATE offer SET ({OFFER_COLUMNS}) = ROW ({_PLACES}) WHERE offer_id = $1"
_INSERT_STOCK = (
    "INSERT INTO stock (offer_id, total, available, held, committed, version) VALUES ($1, $2, $3, $4, $5, $6)"
)
_UPDATE_STOCK = """
UPDATE stock SET total = $2, available = $3, held = $4, committed = $5, version = $6
WHERE offer_id = $1 AND version <> $6
"""

_STATE = """
CASE WHEN standing IN ('DRAFT', 'ENDED') THEN standing WHEN ends_at <= $1 THEN 'ENDED'
     WHEN standing = 'PAUSED' THEN 'PAUSED' WHEN starts_at <= $1 THEN 'LIVE' ELSE 'SCHEDULED' END
"""
_PAGE = f"""{SELECT_OFFERS}
WHERE ($2::text IS NULL OR o.merchant_id = $2) AND ($3::text[] IS NULL OR {_STATE} = ANY($3))
  AND ($4::timestamptz IS NULL OR o.created_at < $4 OR (o.created_at = $4 AND o.offer_id > $5))
ORDER BY o.created_at DESC, o.offer_id LIMIT $6
"""
_FAVORITES = f"""{SELECT_OFFERS}
WHERE o.standing = 'PUBLISHED' AND o.ends_at > $1 AND ($2::text IS NULL OR $2 = ANY(o.channels))
  AND ($3::boolean IS NULL OR (s.available = 0 AND s.held = 0, o.ends_at, o.offer_id) > ($3, $4, $5))
ORDER BY s.available = 0 AND s.held = 0, o.ends_at, o.offer_id LIMIT $6
"""
_IN_VIEW = f"""{SELECT_OFFERS}
WHERE o.standing IN ('PUBLISHED', 'PAUSED') OR (o.standing = 'ENDED' AND o.updated_at > $1)
ORDER BY o.ends_at, o.offer_id LIMIT $2
"""
_DUE = """
SELECT offer_id FROM offer WHERE standing IN ('PUBLISHED', 'PAUSED') AND ends_at <= $1 ORDER BY ends_at LIMIT $2
"""


class PostgresOffers:
    """The offers of one transaction, with their stock."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_ids(self, offer_ids: Sequence[OfferId]) -> Mapping[OfferId, Offer]:
        """Load offers by id; unknown ids are left out."""
        query = f"{SELECT_OFFERS} WHERE o.offer_id = ANY($1::text[])"
        rows = await fetch_unnest(self._connection, query, list(offer_ids))
        return {offer.offer_id: offer for offer in map(offer_of, rows)}

    async def locked(self, offer_ids: Sequence[OfferId]) -> Mapping[OfferId, Offer]:
        """Lock the stock rows in the order of offers, then, in the next statement, load what stands behind them."""
        if not offer_ids:
            return {}
        await fetch_unnest(self._connection, _LOCK, list(offer_ids))
        return await self.by_ids(offer_ids)

    async def holder_of(self, tag: Tag) -> Offer | None:
        """Lock the tag's name against other publishers, then load and lock its holder."""
        await fetch_unnest(self._connection, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", tag)
        query = "SELECT offer_id FROM offer WHERE tag_canonical = $1 AND standing IN ('PUBLISHED', 'PAUSED')"
        rows = await fetch_unnest(self._connection, query, tag)
        holders = (await self.locked([OfferId(row["offer_id"]) for row in rows])).values()
        return next((offer for offer in holders if offer.has_tag), None)

    async def add(self, offer: Offer) -> bool:
        """Write a new offer and its stock; False when its id is in use."""
        if not await execute_unnest(self._connection, _INSERT, *offer_values(offer)):
            return False
        await execute_unnest(self._connection, _INSERT_STOCK, *_stock_values(offer))
        return True

    async def save(self, offers: Sequence[Offer]) -> None:
        """Write offers that `locked` gave; a rare change, so one by one."""
        for offer in offers:
            await execute_unnest(self._connection, _UPDATE, *offer_values(offer))
            await execute_unnest(self._connection, _UPDATE_STOCK, *_stock_values(offer))

    async def page(
        self, where: OfferFilter, *, at: datetime, after: OfferPosition | None, limit: int
    ) -> Sequence[Offer]:
        """Load one page, newest first; states are told as of `at`."""
        rows = await fetch_unnest(
            self._connection,
            _PAGE,
            at,
            where.merchant_id,
            [str(state) for state in where.states] or None,
            after.created_at if after else None,
            after.offer_id if after else None,
            limit,
        )
        return [offer_of(row) for row in rows]

    async def favorites(
        self, network: Network | None, *, at: datetime, after: FavoritePosition | None, limit: int
    ) -> Sequence[Offer]:
        """Load one page of scheduled and live offers, sold-out last, soonest to end first."""
        position = (after.sold_out, after.ends_at, after.offer_id) if after else (None, None, None)
        rows = await fetch_unnest(self._connection, _FAVORITES, at, network, *position, limit)
        return [offer_of(row) for row in rows]

    async def in_view(self, *, ended_since: datetime, limit: int) -> Sequence[Offer]:
        """Load what a watcher may have seen."""
        return [offer_of(row) for row in await fetch_unnest(self._connection, _IN_VIEW, ended_since, limit)]

    async def due_to_end(self, *, at: datetime, limit: int) -> Sequence[OfferId]:
        """Find published and paused offers whose window is over, longest over first."""
        return [OfferId(row["offer_id"]) for row in await fetch_unnest(self._connection, _DUE, at, limit)]


def _stock_values(offer: Offer) -> tuple[object, ...]:
    stock = offer.stock
    return offer.offer_id, stock.total, stock.available, stock.held, stock.committed, stock.version
