"""Holds on PostgreSQL: lock stock in the order of offers, decide in the next statement, write holds and stock together.

Deciding in the statement that locks would see the snapshot from before the wait, and break limits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.unnest import columns_of, execute_unnest, fetch_unnest
from kernel.ids import CardmemberId, OfferId, OrderId
from kernel.tags import Tag
from offers.domain.hold import Hold, HoldAsked, KnownOrder
from offers.domain.holding import HoldFacts, MemberHolds, MemberKey, OnSale
from offers.outbound.postgres_offers import SELECT_OFFERS
from offers.outbound.rows import HOLD_COLUMNS, hold_values, known_order_of, offer_of, stock_of
from offers.usecases.ports import Added, Move

_LOCK_ON_SALE = """
SELECT offer_id FROM stock WHERE offer_id = ANY (ARRAY(
    SELECT offer_id FROM offer WHERE tag_canonical = ANY($1::text[])
    AND (standing IN ('PUBLISHED', 'PAUSED') OR (standing = 'ENDED' AND ends_at > $2))
)) ORDER BY offer_id FOR UPDATE
"""

_LAST_ENDED = """
SELECT last.offer_id FROM unnest($1::text[]) AS given (tag) CROSS JOIN LATERAL (
    SELECT offer_id FROM offer WHERE tag_canonical = given.tag AND standing = 'ENDED' ORDER BY ends_at DESC LIMIT 1
) AS last
"""

_LOCK_BEHIND = """
SELECT offer_id FROM stock WHERE offer_id = ANY (ARRAY(
    SELECT DISTINCT offer_id FROM hold WHERE order_id = ANY($1::uuid[]) AND offer_id IS NOT NULL
)) ORDER BY offer_id FOR UPDATE
"""

_KNOWN = f"SELECT {HOLD_COLUMNS} FROM hold WHERE order_id = ANY($1::uuid[])"

_MEMBERS = """
SELECT offer_id, cardmember_id,
       count(*) FILTER (WHERE state = 'HELD') AS held, count(*) FILTER (WHERE state = 'COMMITTED') AS committed
FROM (
    SELECT offer_id, cardmember_id, state FROM hold
    WHERE state = 'HELD' AND offer_id = ANY($1::text[]) AND cardmember_id = ANY($2::uuid[])
    UNION ALL
    SELECT offer_id, cardmember_id, state FROM hold
    WHERE state = 'COMMITTED' AND offer_id = ANY($1::text[]) AND cardmember_id = ANY($2::uuid[])
) AS counted GROUP BY offer_id, cardmember_id
"""
"""Each half has an index of its own; `state IN (...)` would have neither, and read every hold there ever was."""

_ADD = f"""
WITH given AS (SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::bigint[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::text[]
) AS row ({HOLD_COLUMNS})),
written AS (
    INSERT INTO hold ({HOLD_COLUMNS}) SELECT * FROM given ORDER BY order_id
    ON CONFLICT DO NOTHING RETURNING order_id, offer_id
),
taken AS (
    UPDATE stock s SET available = s.available - n, held = s.held + n, version = s.version + 1
    FROM (SELECT offer_id, count(*) AS n FROM written GROUP BY offer_id) AS counted
    WHERE s.offer_id = counted.offer_id
    RETURNING s.offer_id, s.available, s.held, s.committed, s.version
)
SELECT order_id, taken.* FROM written JOIN taken USING (offer_id)
"""

_MOVE = """
WITH moved AS (
    UPDATE hold h SET state = given.becomes, changed_at = now()
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (order_id, was, becomes)
    WHERE h.order_id = given.order_id AND h.state = given.was
    RETURNING h.offer_id, given.was, given.becomes
),
change AS (
    SELECT offer_id, -count(*) FILTER (WHERE was = 'HELD') AS held,
           count(*) FILTER (WHERE becomes = 'COMMITTED') - count(*) FILTER (WHERE was = 'COMMITTED') AS committed
    FROM moved GROUP BY offer_id
)
UPDATE stock s SET held = s.held + change.held, committed = s.committed + change.committed,
       available = s.available - change.held - change.committed, version = s.version + 1
FROM change WHERE s.offer_id = change.offer_id
"""

_BURY = """
INSERT INTO hold (order_id, state)
SELECT order_id, 'RELEASED' FROM unnest($1::uuid[]) AS given (order_id) ORDER BY order_id
ON CONFLICT DO NOTHING RETURNING order_id
"""

_DUE = "SELECT order_id FROM hold WHERE state = 'HELD' AND lapse_at <= $1 ORDER BY lapse_at LIMIT $2"


class PostgresHolds:
    """The holds of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def facts(self, asked: Sequence[HoldAsked]) -> HoldFacts:
        """Lock the stock of every offer that may answer; in the next statements load all that decides."""
        tags = sorted({each.tag for each in asked})
        since = min(each.posted_at for each in asked)
        locked = await self._offer_ids(_LOCK_ON_SALE, tags, since)
        on_sale = await self._on_sale(locked)
        if missing := [tag for tag in tags if tag not in on_sale]:
            on_sale |= await self._on_sale(await self._offer_ids(_LAST_ENDED, missing))
        return HoldFacts(
            on_sale=on_sale,
            known=await self._known([each.order_id for each in asked]),
            members=await self._members(locked, sorted({each.cardmember_id for each in asked})),
        )

    async def add(self, holds: Sequence[Hold]) -> Added:
        """Write new holds and take from stock as many as were written."""
        if not holds:
            return Added(order_ids=frozenset(), stock={})
        rows = await fetch_unnest(self._connection, _ADD, *columns_of([hold_values(hold) for hold in holds], count=16))
        return Added(
            order_ids=frozenset(OrderId(row["order_id"]) for row in rows),
            stock={OfferId(row["offer_id"]): stock_of(row, version=row["version"]) for row in rows},
        )

    async def locked(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, KnownOrder]:
        """Lock the stock behind these orders; in the next statement load what is known of them."""
        if not order_ids:
            return {}
        await fetch_unnest(self._connection, _LOCK_BEHIND, list(order_ids))
        return await self._known(order_ids)

    async def move(self, moves: Sequence[Move]) -> None:
        """Change states and stock together."""
        if moves:
            rows = [(move.hold.order_id, move.hold.state, move.becomes) for move in moves]
            await execute_unnest(self._connection, _MOVE, *columns_of(rows, count=3))

    async def bury(self, order_ids: Sequence[OrderId]) -> frozenset[OrderId]:
        """Write tombstones for unknown orders; those that are known by now are left out of the answer."""
        if not order_ids:
            return frozenset()
        rows = await fetch_unnest(self._connection, _BURY, list(order_ids))
        return frozenset(OrderId(row["order_id"]) for row in rows)

    async def due_to_lapse(self, *, at: datetime, limit: int) -> Sequence[OrderId]:
        """Find held ones whose time is over, longest over first."""
        return [OrderId(row["order_id"]) for row in await fetch_unnest(self._connection, _DUE, at, limit)]

    async def _offer_ids(self, statement: str, *values: object) -> list[OfferId]:
        return [OfferId(row["offer_id"]) for row in await fetch_unnest(self._connection, statement, *values)]

    async def _on_sale(self, offer_ids: Sequence[OfferId]) -> dict[Tag, list[OnSale]]:
        query = f"{SELECT_OFFERS} WHERE o.offer_id = ANY($1::text[])"
        on_sale: dict[Tag, list[OnSale]] = {}
        for row in await fetch_unnest(self._connection, query, offer_ids) if offer_ids else ():
            selling = OnSale(offer=offer_of(row), merchant_name=row["merchant_name"])
            on_sale.setdefault(Tag(row["tag_canonical"]), []).append(selling)
        return on_sale

    async def _known(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, KnownOrder]:
        rows = await fetch_unnest(self._connection, _KNOWN, list(order_ids))
        return {known.order_id: known for known in map(known_order_of, rows)}

    async def _members(
        self, offer_ids: Sequence[OfferId], cardmember_ids: Sequence[CardmemberId]
    ) -> Mapping[MemberKey, MemberHolds]:
        rows = await fetch_unnest(self._connection, _MEMBERS, offer_ids, cardmember_ids)
        return {
            (OfferId(row["offer_id"]), CardmemberId(row["cardmember_id"])): MemberHolds(
                held=row["held"], committed=row["committed"]
            )
            for row in rows
        }
