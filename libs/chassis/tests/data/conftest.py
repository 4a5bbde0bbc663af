"""What the data tests share: a migrated database, a JetStream with streams, and small ways to count what arrived."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nats.aio.client import Client

from chassis.jetstream import api, connect, ensure_streams
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.outbox import OutboxMessage
from chassis.postgres import Database
from chassis.unnest import execute_unnest
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from hashtill_cli.embedded.databases import run_sql
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import Nats, embedded_nats
from hashtill_cli.embedded.postgres import SUPERUSER, Postgres
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret

Facts = Callable[..., list[OutboxMessage]]

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TABLES = (
    "outbox", "inbox", "dead_letter", "suspect", "idempotency", "relay_stream", "effect", "counter",
)  # fmt: skip
SAMPLE = Path(__file__).parent / "sample" / "src"


@pytest.fixture(scope="session", autouse=True)
def _sample_on_the_path() -> None:
    if str(SAMPLE) not in sys.path:
        sys.path.insert(0, str(SAMPLE))


@pytest.fixture(scope="session")
def kept_dsn(postgres_server: Postgres) -> Secret[str]:
    """Give one migrated database for the whole run: a new one for each test would cost most of its time."""
    run_sql(postgres_server.admin_dsn, ["CREATE DATABASE chassis_data"])
    dsn = postgres_server.dsn(role=SUPERUSER, password=postgres_server.password, database="chassis_data")
    asyncio.run(_prepare(dsn))
    return dsn


@pytest.fixture
async def database(kept_dsn: Secret[str]) -> AsyncIterator[Database]:
    """Give the kept database with every table empty."""
    opened = Database.open(kept_dsn, application_name="test")
    async with opened.transaction() as connection:
        for table in TABLES:
            await execute_unnest(connection, f"DELETE FROM {table}")  # noqa: S608 - our own names
    yield opened
    await opened.close()


@pytest.fixture
def fresh_dsn(fresh_database: FreshDatabase) -> Secret[str]:
    """Give the address of a migrated database of this test's own."""
    return Secret(fresh_database("sample", _migrate))


@pytest.fixture
async def fresh_tables(fresh_dsn: Secret[str]) -> AsyncIterator[Database]:
    """Give a database of this test's own, for tests that change its tables."""
    opened = Database.open(fresh_dsn, application_name="test")
    yield opened
    await opened.close()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[Nats]:
    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        yield server


@pytest.fixture
async def nats(nats_url: str) -> AsyncIterator[Client]:
    """Give a connection to the worker's server, with every stream new and empty."""
    client = await connect(Secret(nats_url), name="test")
    for stream in (await api(client, "STREAM.LIST"))["streams"] or ():
        if stream["state"]["last_seq"] or stream["state"]["consumer_count"]:
            await api(client, f"STREAM.DELETE.{stream['config']['name']}")
    await ensure_streams(client)
    yield client
    await client.close()


@pytest.fixture
async def own_nats(nats_server: Nats) -> AsyncIterator[Client]:
    """Give a connection to a server that this test may kill."""
    client = await connect(nats_server.url, name="test")
    await ensure_streams(client)
    yield client
    await client.close()


@pytest.fixture
def facts() -> Facts:
    """Give facts of one aggregate each: `facts(["a", "b"])`; `version` tells them from earlier ones."""

    def make(aggregates: Sequence[str], *, version: int = 1, at: datetime = AT) -> list[OutboxMessage]:
        return [
            OutboxMessage(aggregate=each, version=version, event=PurchaseRefused(order_id=each), at=at)
            for each in aggregates
        ]

    return make


def _migrate(dsn: str) -> None:
    asyncio.run(_prepare(Secret(dsn)))


async def _prepare(dsn: Secret[str]) -> None:
    await run_migrations(dsn, package="sample_service")
    database = Database.open(dsn, application_name="prepare")
    await Maintenance(database).run_once()
    await database.close()
