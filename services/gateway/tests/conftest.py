"""Fixtures of the gateway's tests: the same tables in memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from services.gateway.tests.frames import NOW
from services.gateway.tests.gateway_world import World
from services.gateway.tests.x_world import XWorld, an_x_world

from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from gateway.outbound.memory import MemoryStore
from gateway.outbound.postgres import PostgresTransactions
from hashtill_cli.testing import FreshDatabase
from kernel.ids import X
from kernel.secret import Secret


def migrate(dsn: str) -> None:
    asyncio.run(_prepare(Secret(dsn)))


async def _prepare(dsn: Secret[str]) -> None:
    await run_migrations(dsn, package="gateway")
    database = Database.open(dsn, application_name="tests")
    await Maintenance(database).run_once()
    await database.close()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(network=X, at=NOW)


@pytest.fixture
async def gateway_dsn(fresh_database: FreshDatabase) -> Secret[str]:
    return Secret(await asyncio.to_thread(fresh_database, "gateway", migrate))


@pytest.fixture
async def database(gateway_dsn: Secret[str]) -> AsyncIterator[Database]:
    database = Database.open(gateway_dsn, application_name="tests")
    yield database
    await database.close()


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        store: MemoryStore = request.getfixturevalue("store")
        return World(transactions=store.transactions)
    database: Database = request.getfixturevalue("database")
    return World(transactions=PostgresTransactions(database, network=X))


@pytest.fixture
async def x_world() -> AsyncIterator[XWorld]:
    async with an_x_world() as made:
        yield made
