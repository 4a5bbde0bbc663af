"""Consumers: batches in stream order, acknowledged after the effect, whatever restarts in between."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

import pytest
from libs.chassis.tests.data.consumer_world import (
    DURABLE,
    consumer_of,
    effects,
    publish,
    running,
    settled,
    with_effect,
)
from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.data_testing import until
from chassis.jetstream import api, ensure_streams
from chassis.messages import ReceivedMessage
from chassis.outbox import OutboxMessage
from chassis.postgres import Database
from chassis.unnest import execute_unnest
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from hashtill_cli.embedded.nats import Nats

Facts = Callable[..., list[OutboxMessage]]


async def test_a_batch_comes_whole_decoded_and_in_order(database: Database, nats: Client, facts: Facts) -> None:
    names = [f"a{number}" for number in range(150)]
    await publish(database, nats, facts(names))
    batches: list[Sequence[ReceivedMessage]] = []

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        batches.append(messages)

    async with running(consumer_of(nats, database, handle)) as consumer:
        await until(lambda: settled(consumer))

    messages = [message for batch in batches for message in batch]
    first = messages[0]
    assert [message.aggregate for message in messages] == names
    assert isinstance(first.event, PurchaseRefused)
    assert (first.event.order_id, first.version, first.deliveries, first.sequence) == ("a0", 1, 1, 1)
    assert first.message_id.startswith("20261123-")
    assert len(batches) < 20


async def test_what_stood_in_the_stream_counts_as_handled_though_more_came_meanwhile(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a"]))
    may_go_on = asyncio.Semaphore(0)

    async def handle(_messages: Sequence[ReceivedMessage]) -> None:
        await may_go_on.acquire()

    async with running(consumer_of(nats, database, handle, batch_max=1)) as consumer:
        place = await consumer.last_place()
        await publish(database, nats, facts(["b"]))
        assert (place, await consumer.last_place()) == (1, 2)
        assert not await consumer.has_handled(1)

        may_go_on.release()
        await until(lambda: consumer.has_handled(1))
        assert not await consumer.has_handled(2)
        assert not await settled(consumer)
        may_go_on.release()
        await until(lambda: consumer.has_handled(2))
        assert await consumer.has_handled(3)  # a place of a stream that was made anew since


async def test_an_idle_consumer_hears_a_message_without_delay(database: Database, nats: Client, facts: Facts) -> None:
    heard: list[float] = []

    async def handle(_messages: Sequence[ReceivedMessage]) -> None:
        heard.append(monotonic())

    async with running(consumer_of(nats, database, handle)) as consumer:
        await until(lambda: _exists(consumer))
        await asyncio.sleep(0.1)
        await publish(database, nats, facts(["a"]))
        sent = monotonic()
        await until(lambda: _any(heard))

    assert heard[0] - sent < 0.1


async def test_a_crash_after_the_commit_and_before_the_acknowledgement_has_no_second_effect(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a", "b"]))
    crashed = consumer_of(nats, database, with_effect(database), ack_wait_seconds=0.3)
    messages = await crashed._pull.take(wait_seconds=1)
    await crashed._handling.handle([each for each in map(crashed._decoder.decode, messages) if each])
    await crashed._pull.close()

    async with running(consumer_of(nats, database, with_effect(database), ack_wait_seconds=0.3)) as consumer:
        await until(lambda: settled(consumer))

    assert await effects(database) == ["a", "b"]


async def test_the_same_message_stored_twice_has_one_effect(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, facts(["a"]))
    kept = (await api(nats, "STREAM.INFO.ORDERS"))["config"]
    await api(nats, "STREAM.DELETE.ORDERS")
    await api(nats, "STREAM.CREATE.ORDERS", kept | {"duplicate_window": 100_000_000})
    handle = with_effect(database)

    async with running(consumer_of(nats, database, handle)) as consumer:
        for _ in range(2):
            async with database.transaction() as connection:
                await execute_unnest(connection, "UPDATE outbox SET published_at = NULL, stream_seq = NULL")
            await publish(database, nats, [])
            await until(lambda: settled(consumer))
            await asyncio.sleep(0.15)

    assert await effects(database) == ["a"]


async def test_a_consumer_survives_the_restart_and_the_loss_of_the_broker(
    database: Database, own_nats: Client, nats_server: Nats, facts: Facts
) -> None:
    async with running(consumer_of(own_nats, database, with_effect(database))):
        await publish(database, own_nats, facts(["a"]))
        await until(lambda: _has(database, ["a"]))

        assert nats_server.process is not None
        nats_server.process.kill()
        nats_server.process.wait()
        await asyncio.to_thread(nats_server.start)
        await until(lambda: _is_connected(own_nats))
        await publish(database, own_nats, facts(["b"]))
        await until(lambda: _has(database, ["a", "b"]))

        await api(own_nats, "STREAM.DELETE.ORDERS")
        await ensure_streams(own_nats)
        await publish(database, own_nats, facts(["c"]))
        await until(lambda: _has(database, ["a", "b", "c"]))


async def test_a_stop_finishes_the_batch_in_hand_and_gives_back_the_rest(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts([f"a{number}" for number in range(30)]))
    begun, finished, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(_messages: Sequence[ReceivedMessage]) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        finished.set()

    consumer = consumer_of(nats, database, handle, batch_max=10)
    task = asyncio.create_task(consumer.run(stop))
    await begun.wait()
    stop.set()
    await task

    assert finished.is_set()
    info = await api(nats, f"CONSUMER.INFO.ORDERS.{DURABLE}")
    assert info["num_ack_pending"] + info["num_pending"] == 20
    assert info["ack_floor"]["stream_seq"] == 10


@pytest.mark.parametrize("count", [2])
async def test_replicas_share_one_durable(database: Database, nats: Client, facts: Facts, count: int) -> None:
    names = [f"a{number}" for number in range(300)]
    consumers = [consumer_of(nats, database, with_effect(database), batch_max=20) for _ in range(count)]
    async with running(consumers[0]), running(consumers[1]):
        await publish(database, nats, facts(names))
        await until(lambda: _count(database, 300))

    assert sorted(await effects(database)) == sorted(names)


async def _exists(consumer: BatchConsumer) -> bool:
    return consumer._pull.exists


async def _any(values: list[float]) -> bool:
    return bool(values)


async def _has(database: Database, names: list[str]) -> bool:
    return await effects(database) == names


async def _count(database: Database, count: int) -> bool:
    return len(await effects(database)) == count


async def _is_connected(nats: Client) -> bool:
    return bool(nats.is_connected)
