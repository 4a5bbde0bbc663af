"""The relay: everything committed reaches its stream, in order, once; one relay is active and another takes over."""

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest
from libs.chassis.tests.data.relay_world import Facts, announce, none_left, running, unpublished
from nats.aio.client import Client

from chassis.data_testing import messages_of, until
from chassis.dead_letters import DeadLetter, list_dead_letters, replay_dead_letters
from chassis.jetstream import StreamSpec, api, ensure_streams
from chassis.outbox import KeyValueChange, OutboxMessage, add_outbox
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.unnest import execute_unnest, fetch_unnest
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from hashtill_cli.testing import Metrics

WRITERS = 16
VERSIONS = 40
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SMALL = StreamSpec(name="IDENTITY", subjects=("hashtill.identity.v1.>",))
ADVANCE = "UPDATE counter SET version = version + 1 WHERE name = $1 RETURNING version"


async def dead(database: Database) -> list[DeadLetter]:
    async with database.transaction() as connection:
        return await list_dead_letters(connection)


@pytest.mark.parametrize("count", [1, 10, 11, 750])
async def test_rows_reach_the_stream_in_order(database: Database, nats: Client, facts: Facts, count: int) -> None:
    names = [f"a{number}" for number in range(count)]
    await announce(database, facts(names))
    relay = Relay(database, nats)

    while await relay.run_once():
        pass

    stored = await messages_of(nats, "ORDERS")
    assert [(message.headers or {})["ce-subject"] for message in stored] == names
    assert await unpublished(database) == 0
    await relay.close()


async def test_how_long_the_oldest_row_waits_is_told_and_measured(
    database: Database, nats: Client, facts: Facts, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    await announce(database, facts(["a"]))
    async with database.transaction() as connection:
        await fetch_unnest(connection, "UPDATE outbox SET created_at = now() - interval '1 hour'")
    relay = Relay(database, nats)

    await relay.run_once()
    waited, told = metrics.total("hashtill.relay.lag"), capsys.readouterr().out
    await relay.run_once()

    assert (waited >= 3_600, "relay_lags" in told) == (True, True)
    assert metrics.total("hashtill.relay.lag") == 0
    await relay.close()


async def test_sixteen_writers_lose_nothing_and_each_aggregate_keeps_its_order(
    database: Database, nats: Client, facts: Facts
) -> None:
    async with database.transaction() as connection:
        await execute_unnest(
            connection, "INSERT INTO counter SELECT 'a' || n, 0 FROM generate_series(0, $1) AS n", WRITERS - 1
        )

    async def write(name: str) -> None:
        for _ in range(VERSIONS):
            async with database.transaction() as connection:
                version = (await fetch_unnest(connection, ADVANCE, name))[0][0]
                await add_outbox(connection, facts([name], version=version))
                await asyncio.sleep(random.choice((0, 0, 0.005)))  # noqa: S311 - late commits are what could be lost

    async with running(Relay(database, nats)):
        await asyncio.gather(*(write(f"a{number}") for number in range(WRITERS)))
        await until(lambda: none_left(database))

    versions: dict[str, list[int]] = {}
    for message in await messages_of(nats, "ORDERS"):
        headers = message.headers or {}
        versions.setdefault(headers["ce-subject"], []).append(int(headers["ce-aggregateversion"]))
    assert versions == {f"a{number}": list(range(1, VERSIONS + 1)) for number in range(WRITERS)}


async def test_a_batch_with_a_message_stored_already_is_sent_one_by_one(
    database: Database, nats: Client, facts: Facts
) -> None:
    await announce(database, facts(["a", "b"]))
    relay = Relay(database, nats)
    await relay.run_once()
    async with database.transaction() as connection:  # as after a crash between the answer and its note
        await execute_unnest(connection, "UPDATE outbox SET published_at = NULL, stream = NULL, stream_seq = NULL")
    await announce(database, facts([f"c{number}" for number in range(50)]))

    await relay.run_once()

    assert len(await messages_of(nats, "ORDERS")) == 52
    assert await unpublished(database) == 0
    await relay.close()


async def test_a_commit_wakes_the_relay_at_once(database: Database, nats: Client, facts: Facts) -> None:
    async with running(Relay(database, nats, poll_seconds=3_600)):
        await announce(database, facts(["warm-up"]))
        await until(lambda: none_left(database))

        await announce(database, facts(["a"]))
        await until(lambda: none_left(database))

    assert len(await messages_of(nats, "ORDERS")) == 2


async def test_of_two_relays_one_is_active_and_the_other_takes_over(
    database: Database, nats: Client, facts: Facts
) -> None:
    one, other = Relay(database, nats), Relay(database, nats)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(other))
        await until(lambda: _is(other.is_active))
        async with running(one):
            await announce(database, facts(["a"]))
            await until(lambda: none_left(database))
            both = (one.is_active, other.is_active)
            await stack.aclose()
            await announce(database, facts(["b"]))
            await until(lambda: none_left(database))
            after = (one.is_active, other.is_active)

    assert both == (False, True)
    assert after == (True, False)
    assert len(await messages_of(nats, "ORDERS")) == 2


async def test_a_writer_beside_a_standby_relay_wakes_the_active_one(
    database: Database, nats: Client, facts: Facts
) -> None:
    elsewhere = Database.open(database.dsn, application_name="elsewhere")
    async with running(Relay(elsewhere, nats, poll_seconds=3_600)) as active:
        await until(lambda: _is(active.is_active))
        async with running(Relay(database, nats)):
            await announce(database, facts(["warm-up"]))
            await until(lambda: none_left(database))

            await announce(database, facts(["a"]))
            await until(lambda: none_left(database))

    await elsewhere.close()
    assert len(await messages_of(nats, "ORDERS")) == 2


async def test_a_row_too_large_is_parked_and_holds_nobody_up(database: Database, nats: Client, facts: Facts) -> None:
    large = OutboxMessage(
        aggregate="large", version=1, event=PurchaseRefused(order_id="x" * (nats.max_payload + 1)), at=AT
    )
    nowhere = OutboxMessage(aggregate="n", version=1, event=PurchaseRefused(), at=AT, subject="no.such.stream")
    await announce(database, [large, nowhere, *facts(["a", "b"])])
    relay = Relay(database, nats)

    await relay.run_once()

    assert len(await messages_of(nats, "ORDERS")) == 2
    assert {letter.reason.split(":")[0] for letter in await dead(database)} == {
        "Too large",
        "No stream takes this subject.",
    }
    assert await relay.run_once() == 0
    await relay.close()


async def test_a_row_the_stream_refuses_is_parked_after_three_attempts_and_can_be_replayed(
    database: Database, nats: Client
) -> None:
    name = SMALL.name
    await ensure_streams(nats, (SMALL,))
    config = {**(await _config(nats, name)), "max_msg_size": 1_000}
    await _update(nats, name, config)
    event = PurchaseRefused(order_id="x" * 2_000)
    big = OutboxMessage(aggregate="b", version=1, event=event, at=AT, subject="hashtill.identity.v1.big.0")
    small = [
        OutboxMessage(aggregate=f"s{n}", version=1, event=PurchaseRefused(), at=AT, subject="hashtill.identity.v1.s.0")
        for n in range(30)
    ]
    await announce(database, [small[0], big, *small[1:]])

    first, second = Relay(database, nats), Relay(database, nats)
    while not await dead(database):
        await first.run_once()
    await first.close()
    parked = len(await messages_of(nats, name))
    await _update(nats, name, {**config, "max_msg_size": -1})
    async with database.transaction() as connection:
        await replay_dead_letters(connection, [letter.id for letter in await dead(database)], by="test")
    await second.run_once()
    await second.close()

    assert (parked, len(await messages_of(nats, name))) == (30, 31)


async def test_puts_and_deletions_of_keys_travel_in_order(database: Database, nats: Client) -> None:
    changes = [
        KeyValueChange(bucket="known_tags", key=f"k{number % 5}", version=number, value=b"%d" % number)
        for number in range(40)
    ]
    await announce(database, [*changes, KeyValueChange(bucket="known_tags", key="k0", version=40, value=None)])
    relay = Relay(database, nats)

    await relay.run_once()

    last = {message.subject: message.data for message in await messages_of(nats, "KV_known_tags")}
    assert last == {f"$KV.known_tags.k{key}": b"%d" % (35 + key) for key in range(1, 5)} | {"$KV.known_tags.k0": b""}
    await relay.close()


async def _is(value: bool) -> bool:  # noqa: FBT001 - a condition for `until`
    return value


async def _config(nats: Client, name: str) -> dict[str, object]:
    return dict((await api(nats, f"STREAM.INFO.{name}"))["config"])


async def _update(nats: Client, name: str, config: dict[str, object]) -> None:
    await api(nats, f"STREAM.UPDATE.{name}", config)
