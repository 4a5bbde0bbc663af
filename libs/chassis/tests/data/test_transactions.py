"""Transactions: all or nothing, never torn by a cancellation, and silent about values."""

import asyncio
import random
import traceback
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.outbox import OutboxMessage, add_outbox
from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest

ADD = "INSERT INTO effect (message, handled) VALUES ($1, 'x')"
COUNTER = text("INSERT INTO counter (name, version) VALUES (:name, 1)")
CLOCK_TOLERANCE_SECONDS = 0.2
SECRET = "4111111111111111"


async def effects(database: Database) -> int:
    async with database.transaction() as connection:
        return int((await fetch_unnest(connection, "SELECT count(*) FROM effect"))[0][0])


async def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    with suppress(LookupError):
        async with database.transaction() as connection:
            await execute_unnest(connection, ADD, "m")
            raise LookupError

    assert await effects(database) == 0


async def test_core_and_raw_statements_share_one_transaction(database: Database) -> None:
    with suppress(LookupError):
        async with database.transaction() as connection:
            await connection.execute(COUNTER, {"name": "n"})
            seen = await fetch_unnest(connection, "SELECT name FROM counter")
            raise LookupError

    async with database.transaction() as connection:
        left = await fetch_unnest(connection, "SELECT name FROM counter")
    assert [len(seen), len(left)] == [1, 0]


async def test_the_relay_is_woken_after_a_commit_with_messages_and_not_otherwise(
    database: Database, facts: Callable[..., list[OutboxMessage]]
) -> None:
    woken: list[int] = []
    database.on_announced(lambda: woken.append(1))

    async with database.transaction() as connection:
        await add_outbox(connection, facts(["a"]))
        before_commit = list(woken)
    with suppress(LookupError):
        async with database.transaction() as connection:
            await add_outbox(connection, facts(["b"]))
            raise LookupError
    await effects(database)

    assert (before_commit, woken) == ([], [1])


async def test_an_error_swallowed_inside_the_block_does_not_pass_for_a_commit(database: Database) -> None:
    async def swallow() -> None:
        async with database.transaction() as connection:
            await execute_unnest(connection, ADD, "m")
            with suppress(asyncpg.PostgresError):
                await execute_unnest(connection, "SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="rolled back"):
        await swallow()

    assert await effects(database) == 0


async def test_cancellation_at_any_moment_leaves_the_pool_whole(database: Database) -> None:
    finished: list[int] = []

    async def work(number: int) -> None:
        async with database.transaction() as connection:
            await execute_unnest(connection, ADD, str(number))
        finished.append(number)

    for number in range(120):
        task = asyncio.create_task(work(number))
        await asyncio.sleep(random.random() * 0.002)  # noqa: S311 - any moment will do
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    assert await effects(database) >= len(finished)
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every pool of ours has it


@pytest.mark.parametrize("way", ["core", "raw"])
async def test_a_broken_constraint_never_tells_the_value(database: Database, way: str) -> None:
    async def put() -> None:
        async with database.transaction() as connection:
            if way == "core":
                await connection.execute(COUNTER, {"name": SECRET})
            else:
                await execute_unnest(connection, "INSERT INTO counter (name, version) VALUES ($1, 1)", SECRET)

    await put()
    with pytest.raises((IntegrityError, asyncpg.UniqueViolationError)) as caught:
        await put()

    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert "counter_pkey" in told


@pytest.mark.parametrize("way", ["core", "raw", "server"])
async def test_a_value_that_does_not_fit_is_never_told(database: Database, way: str) -> None:
    async def put() -> None:
        async with database.transaction() as connection:
            match way:
                case "core":
                    await connection.execute(text("SELECT CAST(:n AS integer)"), {"n": SECRET})
                case "raw":
                    await execute_unnest(connection, "SELECT $1::uuid", SECRET)
                case _:
                    await execute_unnest(connection, "SELECT ($1::text)::integer", SECRET)

    with pytest.raises((DBAPIError, asyncpg.DataError)) as caught:
        await put()

    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_connections_that_the_server_ended_are_replaced_unnoticed(database: Database) -> None:
    await effects(database)
    async with database.transaction() as connection:
        await fetch_unnest(
            connection,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
        own = (await fetch_unnest(connection, "SELECT pg_backend_pid()"))[0][0]
    admin = await asyncpg.connect(database.dsn.reveal())
    await admin.execute("SELECT pg_terminate_backend($1)", own)
    await admin.close()
    await asyncio.sleep(0.05)

    assert await effects(database) == 0


async def test_now_is_the_clock_of_the_database(database: Database) -> None:
    async with database.transaction() as connection:
        before = (await fetch_unnest(connection, "SELECT clock_timestamp()"))[0][0]

    with pytest.raises(RuntimeError):
        database.kept_now()
    first, second, third = await database.now(), await database.now(), database.kept_now()

    assert first <= second <= third
    assert abs((first - before).total_seconds()) < CLOCK_TOLERANCE_SECONDS
