"""Cases: page after page, everything that every book keeps about the orders of a range of ids."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hashtill_cli.checking.reading.databases import Book
from hashtill_cli.checking.rows import (
    Case,
    ChargeRow,
    DeliveryRow,
    HoldRow,
    LinkRow,
    MovementRow,
    OrderRow,
    PostRow,
    TransferRow,
    VerdictRow,
)

PAGE_ORDERS = 1_000
PAGES_MAX = 100_000

_BETWEEN, _AMONG = "order_id > $1 AND order_id <= $2", "order_id = ANY($1)"

FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)

_ORDERS = """
SELECT {columns} FROM (
    SELECT orders.*, COALESCE(moved_at, updated_at) AS entered_at,
        COALESCE(asked, false) AS second_step_asked, COALESCE(passed, false) AS second_step_passed
    FROM (SELECT * FROM orders WHERE %s) orders CROSS JOIN LATERAL (
        SELECT max(at) FILTER (WHERE from_state IS DISTINCT FROM to_state) AS moved_at,
            bool_or(to_state = 'VERIFYING') AS asked, bool_or(cause = 'Verified') AS passed
        FROM order_log WHERE order_log.order_id = orders.order_id
    ) story
) o ORDER BY order_id
"""
_NEXT = _ORDERS % "order_id > $1 ORDER BY order_id LIMIT $2"
_ROWS = "SELECT {columns} FROM %s WHERE %s"
_VERDICTS = _ROWS % ("post_verdict", "reason <> 'EARLY' AND (%s)")
"""Without the confirmations that are kept until our reply's time is known: they have had no effect."""

_DELIVERIES = """
SELECT {columns} FROM (SELECT *, CASE WHEN purpose = 'PROMPT' THEN facts::json ->> 'total' END AS total_shown
    FROM delivery WHERE %s) d ORDER BY created_at
"""
_UNSETTLED = """
SELECT DISTINCT order_id FROM charge JOIN operation USING (charge_id)
WHERE operation.state NOT IN ('OK', 'FAILED') AND %s
"""
_POSTS = "SELECT {columns} FROM kept_post WHERE version_id = ANY($1) AND kind <> 'delete'"
_LINKS = "SELECT {columns} FROM link WHERE link_id = ANY($1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Which:
    """Which orders a page is about: a condition on order_id, and what it is given."""

    where: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the books keep of a page, by order."""

    orders: Mapping[UUID, OrderRow]
    charges: Mapping[UUID, list[ChargeRow]]
    transfers: Mapping[UUID, list[TransferRow]]
    holds: Mapping[UUID, list[HoldRow]]
    deliveries: Mapping[UUID, list[DeliveryRow]]
    verdicts: Mapping[UUID, list[VerdictRow]]
    under_way: frozenset[UUID]
    posts: Mapping[str, list[PostRow]]
    links: Mapping[UUID, LinkRow]


async def pages_of_cases(
    books: Mapping[str, Book], movements: Mapping[str, Sequence[MovementRow]], *, since: datetime | None
) -> AsyncIterator[Sequence[Case]]:
    """Walk all order ids; what other books keep of orders that are not there comes up as cases without an order.

    Orders are read first, then what hangs on them: an end that is seen has its consequences seen.
    """
    after = FIRST_ID
    for _ in range(PAGES_MAX):
        orders = await books["orders"].rows(OrderRow, _NEXT, after, PAGE_ORDERS)
        until = orders[-1].order_id if len(orders) == PAGE_ORDERS else LAST_ID
        found = await _read(books, orders, _Which(where=_BETWEEN, arguments=(after, until)))
        yield _cases(found, movements, since=since)
        if until == LAST_ID:
            return
        after = until


async def cases_of(
    books: Mapping[str, Book],
    order_ids: Sequence[UUID],
    movements: Mapping[str, Sequence[MovementRow]],
    *,
    since: datetime | None,
) -> Sequence[Case]:
    """Give the cases of these orders, at most a page's; a book that knows nothing of one leaves it out."""
    orders = await books["orders"].rows(OrderRow, _ORDERS % _AMONG, order_ids)
    found = await _read(books, orders, _Which(where=_AMONG, arguments=(order_ids,)))
    return _cases(found, movements, since=since)


def _cases(found: _Read, movements: Mapping[str, Sequence[MovementRow]], *, since: datetime | None) -> Sequence[Case]:
    ids = sorted({*found.orders, *found.charges, *found.transfers, *found.holds, *found.verdicts})
    return [_case(order_id, found, movements.get(str(order_id), ()), since=since) for order_id in ids]


async def _read(books: Mapping[str, Book], orders: Sequence[OrderRow], which: _Which) -> _Read:
    payments, where, given = books["payments"], which.where, which.arguments
    under_way = await payments.records(_UNSETTLED % where, *given)
    charges = await payments.rows(ChargeRow, _ROWS % ("charge", where), *given)
    transfers = await payments.rows(TransferRow, _ROWS % ("transfer", where), *given)
    still = await payments.records(_UNSETTLED % where, *given)
    holds = await books["offers"].rows(HoldRow, _ROWS % ("hold", where), *given)
    versions = [order.confirmation_version_id for order in orders if order.confirmation_version_id]
    posts = await books["gateway"].rows(PostRow, _POSTS, versions)
    links = await books["identity"].rows(LinkRow, _LINKS, [order.link_id for order in orders])
    return _Read(
        orders={order.order_id: order for order in orders},
        charges=_by_order(charges),
        transfers=_by_order(transfers),
        holds=_by_order(holds),
        deliveries=_by_order(await books["notifier"].rows(DeliveryRow, _DELIVERIES % where, *given)),
        verdicts=_by_order(await books["orders"].rows(VerdictRow, _VERDICTS % where, *given)),
        under_way=frozenset(row["order_id"] for row in (*under_way, *still)),
        posts=_by(posts, "version_id"),
        links={link.link_id: link for link in links},
    )


def _case(order_id: UUID, found: _Read, movements: Sequence[MovementRow], *, since: datetime | None) -> Case:
    order = found.orders.get(order_id)
    transfers = found.transfers.get(order_id, ())
    return Case(
        order_id=order_id,
        order=order,
        charges=found.charges.get(order_id, ()),
        transfers=transfers,
        movements=movements,
        holds=found.holds.get(order_id, ()),
        deliveries=found.deliveries.get(order_id, ()),
        verdicts=found.verdicts.get(order_id, ()),
        confirming_posts=found.posts.get((order and order.confirmation_version_id) or "", ()),
        link=found.links.get(order.link_id) if order is not None else None,
        under_way=order_id in found.under_way,
        forgotten=since is not None and any(row.entered_at < since for row in transfers),
    )


def _by_order(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    return _by(rows, "order_id")


def _by(rows: Iterable[Any], name: str) -> dict[Any, list[Any]]:
    grouped: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, name)].append(row)
    return dict(grouped)
