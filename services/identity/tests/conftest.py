"""Fixtures of identity's tests: the same world on memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet
from services.identity.tests.identity_world import NOW, World

from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from hashtill_cli.testing import FreshDatabase
from identity.outbound.memory import MemoryStore
from identity.outbound.postgres import PostgresTransactions
from identity.outbound.seal import Seal
from kernel.secret import Secret


def migrate(dsn: str) -> None:
    asyncio.run(_prepare(Secret(dsn)))


async def _prepare(dsn: Secret[str]) -> None:
    await run_migrations(dsn, package="identity")
    database = Database.open(dsn, application_name="tests")
    await Maintenance(database).run_once()
    await database.close()


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore(at=NOW)


@pytest.fixture
async def postgres(fresh_database: FreshDatabase) -> AsyncIterator[PostgresTransactions]:
    dsn = await asyncio.to_thread(fresh_database, "identity", migrate)
    database = Database.open(Secret(dsn), application_name="tests")
    yield PostgresTransactions(database=database, seal=Seal(Secret(Fernet.generate_key().decode())))
    await database.close()


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        store: MemoryStore = request.getfixturevalue("memory")
        return World(store.transactions())
    return World(request.getfixturevalue("postgres"))
