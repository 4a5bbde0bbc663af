"""Fixtures of orders' tests: the same world in memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from services.orders.tests.orders_world import START, World

from chassis.maintenance import Maintenance
from chassis.message_headers import TYPE, parse_headers
from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from hashtill.orders.v1 import events_pb2
from hashtill_cli.testing import FreshDatabase
from kernel.ids import OrderId
from kernel.secret import Secret
from orders.domain.order import Order
from orders.outbound.memory import MemoryStore, OrdersInMemory
from orders.outbound.postgres import PostgresTransactions


class InMemory:
    """The memory store as a world sees it."""

    def __init__(self) -> None:
        self.kept = MemoryStore(at=START)

    @property
    def at(self) -> datetime:
        return self.kept.at

    @at.setter
    def at(self, at: datetime) -> None:
        self.kept.at = at

    async def order(self, order_id: OrderId) -> Order:
        return self.kept.orders[order_id]

    async def events(self) -> list[Any]:
        return self.kept.outbox.events


class OnPostgres:
    """PostgreSQL as a world sees it, with a clock that stands still."""

    def __init__(self, database: Database) -> None:
        self.database, self.at = database, START
        self.transactions: PostgresTransactions

    async def now(self) -> datetime:
        return self.at

    async def order(self, order_id: OrderId) -> Order:
        async with self.transactions.begin() as unit:
            return (await unit.orders.get([order_id]))[order_id]

    async def events(self) -> list[Any]:
        async with self.database.transaction() as connection:
            rows = await fetch_unnest(connection, "SELECT headers, body FROM outbox ORDER BY id")
        return [_event(row["headers"], row["body"]) for row in rows]


def _event(headers: bytes, body: bytes) -> Any:
    name = parse_headers(headers)[TYPE].rpartition(".")[2]
    return getattr(events_pb2, name).FromString(body)


async def migrated(dsn: str) -> None:
    await run_migrations(Secret(dsn), package="orders")
    database = Database.open(Secret(dsn), application_name="tests")
    await Maintenance(database).run_once()
    await database.close()


@pytest.fixture
def orders_dsn(fresh_database: FreshDatabase) -> str:
    return fresh_database("orders", lambda dsn: asyncio.run(migrated(dsn)))


@pytest.fixture
async def database(orders_dsn: str) -> AsyncIterator[Database]:
    database = Database.open(Secret(orders_dsn), application_name="tests", pool_size=16)
    yield database
    await database.close()


@pytest.fixture
def memory_world() -> World:
    store = InMemory()
    worlds: list[World] = []
    transactions = OrdersInMemory(store.kept, on_saved=lambda orders: _offer(worlds, orders))
    worlds.append(World(store=store, transactions=transactions))
    return worlds[0]


@pytest.fixture
def postgres_world(database: Database) -> World:
    store = OnPostgres(database)
    worlds: list[World] = []
    store.transactions = PostgresTransactions(database, on_saved=lambda orders: _offer(worlds, orders), now=store.now)
    worlds.append(World(store=store, transactions=store.transactions))
    return worlds[0]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest) -> World:
    world: World = request.getfixturevalue(f"{request.param}_world")
    return world


def _offer(worlds: Sequence[World], orders: Sequence[Order]) -> None:
    for world in worlds:
        world.steps.offer(orders)
