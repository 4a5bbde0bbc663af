"""Migrations: replicas that start together migrate once, and a start on a migrated database changes nothing."""

import asyncio

import asyncpg
import pytest

from chassis.migrations import revisions, run_migrations
from kernel.secret import Secret


async def test_replicas_that_start_together_migrate_once(database_dsn: str) -> None:
    dsn = Secret(database_dsn)

    await asyncio.gather(*(run_migrations(dsn, package="sample_service") for _ in range(3)))
    await run_migrations(dsn, package="sample_service")

    connection = await asyncpg.connect(database_dsn)
    found = [row[0] for row in await connection.fetch("SELECT version_num FROM alembic_version")]
    tables = {row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    await connection.close()
    assert found == revisions("sample_service") == ["0001"]
    assert {"outbox", "inbox", "dead_letter", "idempotency", "relay_stream", "effect"} <= tables


async def test_a_database_that_a_newer_release_migrated_is_left_as_it_is(database_dsn: str) -> None:
    dsn = Secret(database_dsn)
    await run_migrations(dsn, package="sample_service")
    connection = await asyncpg.connect(database_dsn)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")

    await run_migrations(dsn, package="sample_service")

    found = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    assert found == "9999"


async def test_a_database_that_is_away_is_an_error_without_its_password() -> None:
    dsn = Secret("postgresql://user:hunter2@127.0.0.1:1/nothing")

    with pytest.raises(OSError) as caught:  # noqa: PT011 - which of its kinds is the system's choice
        await run_migrations(dsn, package="sample_service")

    assert "hunter2" not in str(caught.value)
