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
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import Nats, embedded_nats
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret

Facts = Callable[..., list[OutboxMessage]]

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parent / "sample" / "src"


@pytest.fixture(scope="session", autouse=True)
def _sample_on_the_path() -> None:
    if str(SAMPLE) not in sys.path:
        sys.path.insert(0, str(SAMPLE))


@pytest.fixture
def dsn(fresh_database: FreshDatabase) -> Secret[str]:
    return Secret(fresh_database("sample", _migrate))


@pytest.fixture
async def database(dsn: Secret[str]) -> AsyncIterator[Database]:
    opened = Database.open(dsn, application_name="test")
    await Maintenance(opened).run_once()
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
    for stream in (await api(client, "STREAM.NAMES"))["streams"] or ():
        await api(client, f"STREAM.DELETE.{stream}")
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
    asyncio.run(run_migrations(Secret(dsn), package="sample_service"))
