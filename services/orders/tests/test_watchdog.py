"""The watchdog counts what is too old, and reads those under way alone, however many orders ended before."""

from functools import partial

import pytest
from services.orders.tests.orders_world import BOB, World

from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest
from chassis.watchdog import Watchdog
from hashtill_cli.testing import Metrics
from orders.domain import saga
from orders.domain.states import State
from orders.outbound import order_sql
from orders.usecases.pass_time import watch_ages

ENDED = 2_000
_COPY = """
INSERT INTO orders SELECT ended.* FROM orders, generate_series(1, $1::int) AS number,
    jsonb_populate_record(orders, jsonb_build_object(
        'order_id', gen_random_uuid(), 'post_id', 'ended' || number, 'confirmation_tag', 'tag' || number,
        'state', CASE WHEN number % 2 = 0 THEN 'EXPIRED' ELSE 'COMPLETED' END, 'deadline_at', NULL,
        'confirmed_at', posted_at, 'charge_id', gen_random_uuid()
    )) AS ended
"""
_OF_THOSE_UNDER_WAY = {"orders_awaiting", "orders_stepping", "orders_timed"}


async def test_the_watchdog_counts_what_is_twice_as_old_as_it_should_be(world: World) -> None:
    await world.held()
    await world.authorized(BOB)
    world.pass_time(minutes=31)

    stale = await watch_ages(transactions=world.transactions)

    assert stale == {State.PROMPTING: 1}


async def test_the_watchdog_counts_orders_of_every_kind_of_waiting(world: World) -> None:
    await world.prompted()
    await world.authorized(BOB)
    world.stock.away = True
    await world.held()
    world.pass_time(hours=2)

    stale = await watch_ages(transactions=world.transactions)

    assert stale == {State.AWAITING_CONFIRMATION: 1, State.AUTHORIZED: 1, State.HOLDING: 1}


async def test_what_is_too_old_is_told_and_measured_until_it_moves(
    memory_world: World, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    watchdog = Watchdog("orders", partial(watch_ages, transactions=memory_world.transactions))
    prompting = {"what": "orders", "kind": State.PROMPTING.value}
    await memory_world.held()
    memory_world.pass_time(hours=2)

    await watchdog.run_once()
    told, alarmed = capsys.readouterr().out, metrics.total("hashtill.watchdog.too_old", **prompting)
    await memory_world.pass_deadlines()
    await watchdog.run_once()

    assert ("orders_too_old" in told, alarmed) == (True, 1)
    assert metrics.total("hashtill.watchdog.too_old", **prompting) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.servers
@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (order_sql.STALE, "ARRAY['HOLDING'], ARRAY[now()], now()"),
        (order_sql.lock_overdue(saga.TIMED), "now(), 200"),
        (order_sql.lock_overdue(frozenset({State.PROMPTING})), "now(), 1"),
        (order_sql.FIRST_DEADLINES, ""),
    ],
    ids=["stale", "overdue", "overdue-replies", "first-deadlines"],
)
async def test_the_clocks_read_none_of_the_orders_that_ended(
    postgres_world: World, database: Database, statement: str, given: str
) -> None:
    await postgres_world.prompted()
    async with database.transaction() as connection:
        await execute_unnest(connection, _COPY, ENDED)
        await fetch_unnest(connection, "ANALYZE orders")

        await fetch_unnest(connection, f"PREPARE looked AS {statement}")
        rows = await fetch_unnest(connection, f"EXPLAIN EXECUTE looked{f'({given})' if given else ''}")

    scans = [row["QUERY PLAN"] for row in rows if " on orders" in row["QUERY PLAN"] and "Scan" in row["QUERY PLAN"]]
    assert scans
    assert all(any(index in scan for index in _OF_THOSE_UNDER_WAY) for scan in scans), scans
