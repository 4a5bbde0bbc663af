"""What changes seldom of an order has entries that stay: kept by the database, brought over, found without a scan."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from asyncpg import UniqueViolationError
from services.orders.tests.orders_world import BOB, World

from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest
from hashtill_cli.bench.timers.pattern import story_of_one
from hashtill_cli.testing import FreshDatabase
from kernel.ids import NetworkUserId, OrderId
from kernel.secret import Secret
from orders.domain import saga
from orders.outbound import order_sql
from orders.outbound.postgres import PostgresTransactions

pytestmark = pytest.mark.servers

CARL = NetworkUserId("1003")

BEFORE = "0002"
"""The last revision without these tables."""

ENDED = 2_000

_COPY = """
INSERT INTO orders SELECT copied.* FROM orders, generate_series(1, $1::int) AS number,
    jsonb_populate_record(orders, jsonb_build_object(
        'order_id', gen_random_uuid(), 'post_id', 'copy' || number, 'confirmation_tag', 'tag' || number,
        'prompt_post_id', CASE WHEN number % 3 > 0 THEN 'prompt' || number END, 'deadline_at', NULL,
        'cardmember_id', gen_random_uuid(), 'created_at', created_at - number * interval '1 second',
        'state', CASE WHEN number % 2 = 0 THEN 'EXPIRED' ELSE 'COMPLETED' END,
        'confirmed_at', posted_at, 'charge_id', gen_random_uuid()
    )) AS copied
"""
_ENTRIES = {
    "placed": "SELECT cardmember_id, created_at, order_id FROM order_placed",
    "tagged": "SELECT confirmation_tag, order_id, open FROM order_tagged",
    "prompted": "SELECT network, post_id, order_id FROM order_prompted",
}
_MEANT = {
    "placed": "SELECT cardmember_id, created_at, order_id FROM orders",
    "tagged": "SELECT confirmation_tag, order_id, state <> 'EXPIRED' AS open FROM orders"
    " WHERE confirmation_tag IS NOT NULL",
    "prompted": "SELECT network, prompt_post_id AS post_id, order_id FROM orders WHERE prompt_post_id IS NOT NULL",
}
_TAKE_TAG = """
UPDATE orders SET confirmation_tag = $2, offer_id = 'kindle', price_minor = 1, tax_minor = 0, shipping_minor = 0,
    total_minor = 1
WHERE order_id = $1
"""


@pytest.fixture
def before_dsn(fresh_database: FreshDatabase) -> str:
    return fresh_database("orders_before", lambda dsn: asyncio.run(_migrate(dsn, BEFORE)))


async def test_entries_say_what_the_orders_say(postgres_world: World, database: Database) -> None:
    postgres_world.link(CARL)
    expired = await postgres_world.prompted(BOB)
    postgres_world.pass_time(minutes=17)
    await postgres_world.hear(postgres_world.store.at)
    await postgres_world.expire()
    await postgres_world.poll()
    await postgres_world.prompted()
    await postgres_world.held(CARL)

    entries = await _read(database, _ENTRIES)

    assert entries == await _read(database, _MEANT)
    assert [len(rows) for rows in entries.values()] == [3, 3, 2]
    assert [row[1] for row in entries["tagged"] if not row[2]] == [expired.order_id]


async def test_orders_of_before_are_brought_over(before_dsn: str) -> None:
    database = Database.open(Secret(before_dsn), application_name="tests")
    async with PostgresTransactions(database, on_saved=lambda _: None).begin() as unit:
        for change in story_of_one(unit.at):
            await unit.orders.save([change])
        await execute_unnest(unit.connection, _COPY, 30)

    await _migrate(before_dsn, "head")

    entries, meant = await _read(database, _ENTRIES), await _read(database, _MEANT)
    await database.close()
    assert entries == meant
    assert [len(rows) for rows in entries.values()] == [31, 31, 21]


async def test_a_tag_belongs_to_one_open_order_and_after_its_end_to_another(
    postgres_world: World, database: Database
) -> None:
    order = await postgres_world.held()
    postgres_world.stock.away = True
    early = await postgres_world.held(BOB)
    postgres_world.stock.away = False

    with pytest.raises(UniqueViolationError, match="order_tagged_open"):
        await _take_tag(database, early.order_id, order.confirmation_tag)
    postgres_world.pass_time(minutes=31)
    await postgres_world.pass_deadlines()
    await postgres_world.poll()
    postgres_world.link(CARL)
    postgres_world.stock.away = True
    late = await postgres_world.held(CARL)
    await _take_tag(database, late.order_id, order.confirmation_tag)

    assert (await postgres_world.again(order)).state in saga.FINAL
    assert (await postgres_world.again(late)).confirmation_tag == order.confirmation_tag


@pytest.mark.parametrize(
    ("statement", "given", "indexes"),
    [
        (
            order_sql.LOCK_SOUGHT,
            "ARRAY['ok1'], ARRAY['x'], ARRAY['1'], ARRAY[gen_random_uuid()], ARRAY[]::uuid[]",
            {"order_tagged_pkey", "order_prompted_pkey", "order_placed_cardmember", "orders_pkey"},
        ),
        (order_sql.LOCK_OF_MEMBERS, "ARRAY[gen_random_uuid()]", {"order_placed_cardmember", "orders_pkey"}),
        (
            order_sql.STANDINGS,
            "ARRAY[gen_random_uuid()], now() - interval '9 years', 3",
            {"order_placed_cardmember", "orders_pkey"},
        ),
        (order_sql.PAGE, "NULL, NULL, NULL, NULL, NULL, NULL, 50", {"order_placed_pkey", "orders_pkey"}),
        (
            order_sql.PAGE,
            "gen_random_uuid(), NULL, NULL, NULL, NULL, NULL, 50",
            {"order_placed_cardmember", "orders_pkey"},
        ),
        (order_sql.PAGE, "NULL, NULL, 'x', gen_random_uuid(), NULL, NULL, 50", {"order_placed_pkey", "orders_pkey"}),
    ],
    ids=["sought", "of-members", "standings", "newest", "newest-of-member", "of-post"],
)
async def test_whoever_looks_for_orders_reads_those_alone(
    postgres_world: World, database: Database, statement: str, given: str, indexes: set[str]
) -> None:
    await postgres_world.prompted()
    async with database.transaction() as connection:
        await execute_unnest(connection, _COPY, ENDED)
        for table in ("orders", "order_placed", "order_tagged", "order_prompted"):
            await fetch_unnest(connection, f"ANALYZE {table}")

        await fetch_unnest(connection, f"PREPARE looked AS {statement}")
        rows = await fetch_unnest(connection, f"EXPLAIN EXECUTE looked({given})")

    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "Seq Scan" not in plan, plan
    assert {index for index in indexes if index not in plan} == set(), plan


async def _read(database: Database, statements: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    read = dict[str, list[tuple[Any, ...]]]()
    async with database.transaction() as connection:
        for name, statement in statements.items():
            read[name] = sorted(tuple(row.values()) for row in await fetch_unnest(connection, statement))
    return read


async def _take_tag(database: Database, order_id: OrderId, tag: str | None) -> None:
    async with database.transaction() as connection:
        await execute_unnest(connection, _TAKE_TAG, order_id, tag)


async def _migrate(dsn: str, revision: str) -> None:
    await run_migrations(Secret(dsn), package="orders", revision=revision)
