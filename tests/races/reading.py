"""Reading histories: log, outbox, verdicts and rows of many orders at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tests.races.ground import Ground
from tests.races.history import History, Judged, Line, Told

from chassis.message_headers import TYPE, parse_headers
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from kernel.ids import OrderId

BATCH = 2_000

_ORDERS = "SELECT order_id, state, version, confirmation_version_id FROM orders WHERE order_id = ANY($1::uuid[])"
_LINES = """
SELECT order_id, version, from_state, to_state, cause FROM order_log WHERE order_id = ANY($1::uuid[])
ORDER BY order_id, version
"""
_TOLD = "SELECT aggregate, version, headers FROM outbox WHERE aggregate = ANY($1::text[]) ORDER BY id"
_VERDICTS = """
SELECT order_id, version_id, verdict, reason FROM post_verdict
WHERE order_id = ANY($1::uuid[]) AND verdict <> 'ORDERED'
"""


async def histories(ground: Ground, order_ids: Sequence[OrderId]) -> dict[OrderId, History]:
    """Read everything written down about these orders."""
    found: dict[OrderId, History] = {}
    for start in range(0, len(order_ids), BATCH):
        found |= await _histories(ground, order_ids[start : start + BATCH])
    return found


async def _histories(ground: Ground, order_ids: Sequence[OrderId]) -> dict[OrderId, History]:
    database = ground.store.database
    orders = await _rows(database, _ORDERS, list(order_ids))
    lines = _by_order(await _rows(database, _LINES, list(order_ids)))
    verdicts = _by_order(await _rows(database, _VERDICTS, list(order_ids)))
    told = _by_order(await _rows(database, _TOLD, [str(each) for each in order_ids]))
    return {
        row["order_id"]: History(
            state=row["state"],
            version=row["version"],
            confirmed_by=row["confirmation_version_id"],
            expired_at=ground.expired_at.get(row["order_id"]),
            lines=tuple(
                Line(version=of[1], from_state=of[2], to_state=of[3], cause=of[4]) for of in lines[str(row[0])]
            ),
            told=tuple(Told(version=of["version"], event=_event(of["headers"])) for of in told[str(row[0])]),
            verdicts=tuple(
                Judged(post_id=of["version_id"], word=of["verdict"], reason=of["reason"])
                for of in verdicts[str(row[0])]
            ),
        )
        for row in orders
    }


def _event(headers: bytes) -> str:
    return parse_headers(headers)[TYPE].rpartition(".")[2]


def _by_order(rows: Sequence[Any]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[str(row[0])].append(row)
    return found


async def _rows(database: Database, statement: str, ids: list[Any]) -> list[Any]:
    async with database.transaction() as connection:
        return list(await fetch_unnest(connection, statement, ids))
