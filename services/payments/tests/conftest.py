"""Fixtures of payments' tests: the same world on memory and on PostgreSQL, and a real card network."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import ClientSession
from services.payments.tests.cardnet_world import Cardnet
from services.payments.tests.payments_world import NOW, World

from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.unnest import execute_unnest
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret
from payments.outbound.keys import NoKms, new_keyset, open_keyset
from payments.outbound.memory import MemoryStore
from payments.outbound.postgres import PostgresTransactions
from payments.outbound.vault import Vault
from sandbox.cardnet.main import start
from sandbox.cardnet.settings import Settings as CardnetSettings

_HASTEN = "UPDATE operation SET due_at = now() - interval '1 second' WHERE state IN ('NEW', 'SENT', 'UNKNOWN')"


def migrate(dsn: str) -> None:
    asyncio.run(_prepare(Secret(dsn)))


async def _prepare(dsn: Secret[str]) -> None:
    await run_migrations(dsn, package="payments")
    database = Database.open(dsn, application_name="tests")
    await Maintenance(database).run_once()
    await database.close()


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore(at=NOW)


@pytest.fixture
async def payments_dsn(fresh_database: FreshDatabase) -> str:
    return await asyncio.to_thread(fresh_database, "payments", migrate)


@pytest.fixture
async def postgres(payments_dsn: str) -> AsyncIterator[PostgresTransactions]:
    database = Database.open(Secret(payments_dsn), application_name="tests")
    primitive = await open_keyset(Secret(new_keyset()), kms=NoKms())
    yield PostgresTransactions(database=database, vault=Vault(primitive))
    await database.close()


@pytest.fixture
def memory_world(memory: MemoryStore) -> World:
    async def hasten() -> None:
        waiting = {key: row for key, row in memory.operations.items() if row.state.value in {"NEW", "SENT", "UNKNOWN"}}
        memory.operations.update({key: replace(row, due_at=memory.at) for key, row in waiting.items()})

    return World(memory.transactions(), hasten)


@pytest.fixture
def postgres_world(postgres: PostgresTransactions) -> World:
    async def hasten() -> None:
        async with postgres.begin() as unit:
            await execute_unnest(unit.connection, _HASTEN)

    return World(postgres, hasten)


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


@pytest.fixture
async def cardnet() -> AsyncIterator[Cardnet]:
    """A card network of this test alone, whose lost answers are lost quickly."""
    settings = CardnetSettings(withheld_seconds=0.3, slow_seconds=0.3, lapse_seconds=0.0)
    network = await start(settings)
    async with ClientSession() as session:
        yield Cardnet(session, url=network.url, key=settings.api_key.get_secret_value())
    await network.stop()
