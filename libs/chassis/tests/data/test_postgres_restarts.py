"""PostgreSQL goes and comes back: relay and consumers go on by themselves, and every effect happens once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from libs.chassis.tests.data import consumer_world, relay_world
from libs.chassis.tests.data.relay_world import Facts, announce
from nats.aio.client import Client

from chassis.data_testing import until
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.outages import is_outage
from chassis.postgres import Database
from chassis.relay import Relay
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.postgres import SUPERUSER, Postgres, embedded_postgres

WRITERS = 4


@pytest.fixture
def own_postgres(servers_folder: Path) -> Iterator[Postgres]:
    folder = servers_folder / "restarted"
    folder.mkdir(mode=0o711)
    with embedded_postgres(folder, keyring=Keyring(folder), throwaway=True) as server:
        yield server


@pytest.fixture
async def own_database(own_postgres: Postgres) -> AsyncIterator[Database]:
    dsn = own_postgres.dsn(role=SUPERUSER, password=own_postgres.password, database="postgres")
    await run_migrations(dsn, package="sample_service")
    opened = Database.open(dsn, application_name="test")
    await Maintenance(opened).run_once()
    yield opened
    await opened.close()


async def test_a_restart_under_load_loses_nothing_and_repeats_nothing(
    own_database: Database, own_postgres: Postgres, nats: Client, facts: Facts
) -> None:
    told: list[str] = []
    stop = asyncio.Event()

    async def write(writer: int) -> None:
        number = 0
        while not stop.is_set():
            names = [f"w{writer}-{number}-{each}" for each in range(5)]
            number += 1
            try:
                await announce(own_database, facts(names))
                told.extend(names)
            except Exception as error:
                if not is_outage(error):
                    raise
                await asyncio.sleep(0.05)

    consumer = consumer_world.consumer_of(nats, own_database, consumer_world.with_effect(own_database))
    async with relay_world.running(Relay(own_database, nats)), consumer_world.running(consumer):
        writers = [asyncio.create_task(write(number)) for number in range(WRITERS)]
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_postgres.restart)
        await asyncio.sleep(0.3)
        stop.set()
        await asyncio.gather(*writers)
        await until(lambda: _covers(own_database, set(told)))

    effects = await consumer_world.effects(own_database)
    assert len(effects) == len(set(effects))
    assert set(told) <= set(effects)


async def _covers(database: Database, wanted: set[str]) -> bool:
    return wanted <= set(await consumer_world.effects(database)) and await relay_world.none_left(database)
