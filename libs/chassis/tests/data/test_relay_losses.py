"""The broker is a cache of the outbox: streams lost, cut short or killed lose nothing, and nobody has to help."""

import asyncio
import os
import shutil
from pathlib import Path

import asyncpg
import pytest
from libs.chassis.tests.data.relay_world import Facts, announce, none_left, running
from nats import errors as nats_errors
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.data_testing import messages_of, until
from chassis.jetstream import api, stream_state
from chassis.outbox import KeyValueChange, add_outbox
from chassis.postgres import Database
from chassis.pulling import ConsumerLostError
from chassis.relay import Relay
from hashtill_cli.embedded.nats import Nats


async def subjects_of(nats: Client, stream: str) -> list[str]:
    return [(message.headers or {})["ce-subject"] for message in await messages_of(nats, stream)]


async def holds(nats: Client, names: set[str]) -> bool:
    try:
        return await stream_state(nats, "ORDERS") is not None and set(await subjects_of(nats, "ORDERS")) == names
    except (nats_errors.Error, ConsumerLostError):
        return False


async def restart(server: Nats) -> None:
    """Kill it as a power cut would, and start it again."""
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    await asyncio.to_thread(server.start)


async def test_a_stream_that_was_deleted_is_made_again_and_filled_again(
    database: Database, nats: Client, facts: Facts
) -> None:
    names = [f"a{number}" for number in range(60)]
    async with running(Relay(database, nats)):
        await announce(database, facts(names))
        await until(lambda: none_left(database))

        await api(nats, "STREAM.DELETE.ORDERS")
        await announce(database, facts(["after"]))
        await until(lambda: holds(nats, {*names, "after"}))

    assert len(await messages_of(nats, "ORDERS")) == 61


async def test_a_stream_made_again_behind_our_back_is_filled_again(
    database: Database, nats: Client, facts: Facts
) -> None:
    relay = Relay(database, nats)
    await announce(database, facts(["a", "b", "c"]))
    await relay.run_once()
    config = (await api(nats, "STREAM.INFO.ORDERS"))["config"]
    await api(nats, "STREAM.DELETE.ORDERS")
    await api(nats, "STREAM.CREATE.ORDERS", config)

    await announce(database, facts(["d"]))
    while not await holds(nats, {"a", "b", "c", "d"}):
        await relay.run_once()

    assert len(await messages_of(nats, "ORDERS")) == 4
    await relay.close()


async def test_a_stream_whose_tail_was_cut_gets_it_again(
    database: Database, own_nats: Client, nats_server: Nats, facts: Facts, tmp_path: Path
) -> None:
    store, kept = nats_server.folder / "jetstream", tmp_path / "kept"
    early, late = [f"a{number}" for number in range(20)], [f"b{number}" for number in range(30)]
    async with running(Relay(database, own_nats)):
        await announce(database, facts(early))
        await until(lambda: none_left(database))
        nats_server.stop()
        shutil.copytree(store, kept)
        nats_server.start()
        await announce(database, facts(late))
        await until(lambda: none_left(database))

        nats_server.stop()
        shutil.rmtree(store)
        shutil.copytree(kept, store)
        nats_server.start()
        await until(lambda: holds(own_nats, {*early, *late}))

    assert len(await messages_of(own_nats, "ORDERS")) == 50


async def test_a_cut_tail_whose_places_another_message_took_goes_again(
    database: Database, own_nats: Client, nats_server: Nats, facts: Facts, tmp_path: Path
) -> None:
    store, kept = nats_server.folder / "jetstream", tmp_path / "kept"
    async with running(Relay(database, own_nats)):
        await announce(database, facts(["a"]))
        await until(lambda: none_left(database))
        nats_server.stop()
        shutil.copytree(store, kept)
        nats_server.start()
        await announce(database, facts(["b"]))
        await until(lambda: none_left(database))

    nats_server.stop()
    shutil.rmtree(store)
    shutil.copytree(kept, store)
    nats_server.start()
    await until(lambda: holds(own_nats, {"a"}))
    subject = (await messages_of(own_nats, "ORDERS"))[0].subject
    await own_nats.publish(subject, headers={"Nats-Msg-Id": "c:1", "ce-subject": "c"})  # by a relay that died then
    await until(lambda: holds(own_nats, {"a", "c"}))

    async with running(Relay(database, own_nats)):
        await until(lambda: holds(own_nats, {"a", "b", "c"}))

    assert await subjects_of(own_nats, "ORDERS") == ["a", "c", "b"]


@pytest.mark.parametrize("torn", [1, 300])
async def test_a_message_torn_at_the_end_of_a_streams_file_goes_again(
    database: Database, own_nats: Client, nats_server: Nats, facts: Facts, torn: int
) -> None:
    names = {f"a{number}" for number in range(4)}
    async with running(Relay(database, own_nats)):
        await announce(database, facts(sorted(names)))
        await until(lambda: none_left(database))
        nats_server.stop()
        [block] = nats_server.folder.rglob("streams/ORDERS/msgs/*.blk")
        os.truncate(block, block.stat().st_size - torn)
        nats_server.start()
        await until(lambda: holds(own_nats, names))

    assert set(await subjects_of(own_nats, "ORDERS")) == names


async def test_a_torn_newest_value_of_a_key_goes_again_and_an_older_one_does_not(
    database: Database, own_nats: Client, nats_server: Nats
) -> None:
    async def values() -> list[bytes]:
        return [message.data for message in await messages_of(own_nats, "KV_known_tags")]

    async def has_the_newest() -> bool:
        try:
            return await values() == [b"2"]
        except (nats_errors.Error, ConsumerLostError):
            return False

    async with running(Relay(database, own_nats)):
        for version in (1, 2):
            async with database.transaction() as connection:
                put = KeyValueChange(bucket="known_tags", key="k", version=version, value=b"%d" % version)
                await add_outbox(connection, [put])
            await until(lambda: none_left(database))
        nats_server.stop()
        newest = max(nats_server.folder.rglob("streams/KV_known_tags/msgs/*.blk"), key=lambda block: int(block.stem))
        os.truncate(newest, newest.stat().st_size - 1)
        nats_server.start()
        await until(has_the_newest)

    assert await values() == [b"2"]


async def test_a_wiped_store_is_filled_again(
    database: Database, own_nats: Client, nats_server: Nats, facts: Facts
) -> None:
    names = [f"a{number}" for number in range(40)]
    async with running(Relay(database, own_nats)):
        await announce(database, facts(names))
        await until(lambda: none_left(database))

        nats_server.stop()
        shutil.rmtree(nats_server.folder / "jetstream")
        nats_server.start()
        await until(lambda: holds(own_nats, set(names)))

    assert len(await messages_of(own_nats, "ORDERS")) == 40


async def test_nats_killed_again_and_again_under_load_loses_nothing(
    database: Database, own_nats: Client, nats_server: Nats, facts: Facts
) -> None:
    told: list[str] = []

    async def tell(stop: asyncio.Event) -> None:
        while not stop.is_set():
            names = [f"a{len(told) + number}" for number in range(7)]
            await announce(database, facts(names))
            told.extend(names)
            await asyncio.sleep(0.005)

    stop = asyncio.Event()
    async with running(Relay(database, own_nats)):
        teller = asyncio.create_task(tell(stop))
        for _ in range(2):
            await asyncio.sleep(0.3)
            await restart(nats_server)
        stop.set()
        await teller
        await until(lambda: none_left(database))

    assert sorted(await subjects_of(own_nats, "ORDERS")) == sorted(told)


async def test_the_relay_survives_the_end_of_its_database_sessions(
    database: Database, nats: Client, facts: Facts
) -> None:
    async with running(Relay(database, nats)):
        await announce(database, facts(["a"]))
        await until(lambda: none_left(database))
        admin = await asyncpg.connect(database.dsn.reveal())
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        await admin.close()
        await asyncio.sleep(0.05)

        await announce(database, facts(["b"]))
        await until(lambda: none_left(database))

    assert await subjects_of(nats, "ORDERS") == ["a", "b"]


@pytest.mark.parametrize("told_before", [True, False])
async def test_a_lost_bucket_is_filled_from_the_owners_tables(
    database: Database, nats: Client, *, told_before: bool
) -> None:
    async def rebuild(_connection: AsyncConnection) -> list[KeyValueChange]:
        return [KeyValueChange(bucket="known_tags", key=key, version=1, value=b"v") for key in ("k1", "k2")]

    relay = Relay(database, nats, rebuild={"known_tags": rebuild})
    if told_before:
        async with database.transaction() as connection:
            await add_outbox(connection, await rebuild(connection))
        await relay.run_once()
        await relay.close()
        await api(nats, "STREAM.DELETE.KV_known_tags")

    await relay.run_once()
    await relay.run_once()

    found = {message.subject: message.data for message in await messages_of(nats, "KV_known_tags")}
    assert found == {"$KV.known_tags.k1": b"v", "$KV.known_tags.k2": b"v"}
    await relay.close()
