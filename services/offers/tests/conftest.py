"""Fixtures of offers' tests: the same shop in memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from services.offers.tests.offers_world import Clock, ClockedTransactions, Shop

from chassis.migrations import run_migrations
from chassis.postgres import Database
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret
from offers.outbound.memory import MemoryOffersStore
from offers.outbound.postgres import PostgresTransactions


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> MemoryOffersStore:
    return MemoryOffersStore(clock)


@pytest.fixture
def offers_dsn(fresh_database: FreshDatabase) -> str:
    return fresh_database("offers", lambda dsn: asyncio.run(run_migrations(Secret(dsn), package="offers")))


@pytest.fixture
async def database(offers_dsn: str) -> AsyncIterator[Database]:
    opened = Database.open(Secret(offers_dsn), application_name="offers-test")
    yield opened
    await opened.close()


@pytest.fixture
def memory_shop(memory: MemoryOffersStore, clock: Clock) -> Shop:
    return Shop(transactions=memory.transactions, clock=clock, events=lambda: memory.outbox.messages)


@pytest.fixture
def postgres_shop(database: Database, clock: Clock) -> Shop:
    transactions = ClockedTransactions(inner=PostgresTransactions(database=database), clock=clock)
    return Shop(transactions=transactions, clock=clock, events=list)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Give a shop in memory and on PostgreSQL: the same test holds both."""
    chosen: Shop = request.getfixturevalue(f"{request.param}_shop")
    return chosen
