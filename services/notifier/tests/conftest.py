"""Fixtures of the notifier's tests: the same world on memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from services.notifier.tests.notifier_world import World

from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret
from notifier.outbound.memory import MemoryStore
from notifier.outbound.postgres import PostgresTransactions


def migrate(dsn: str) -> None:
    asyncio.run(_prepare(Secret(dsn)))


async def _prepare(dsn: Secret[str]) -> None:
    await run_migrations(dsn, package="notifier")
    database = Database.open(dsn, application_name="tests")
    await Maintenance(database).run_once()
    await database.close()


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore(at=datetime.now(UTC))


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    dsn = await asyncio.to_thread(fresh_database, "notifier", migrate)
    database = Database.open(Secret(dsn), application_name="tests")
    yield database
    await database.close()


@pytest.fixture
def postgres(database: Database) -> PostgresTransactions:
    return PostgresTransactions(database=database)


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        store: MemoryStore = request.getfixturevalue("memory")
        return World(store.transactions())
    return World(request.getfixturevalue("postgres"))
