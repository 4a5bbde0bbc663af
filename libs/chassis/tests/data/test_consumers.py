"""Consumers: batches in stream order, acknowledged after the effect, and only the guilty message fails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.data_testing import until
from chassis.dead_letters import DeadLetter, drop_dead_letters, list_dead_letters, replay_dead_letters
from chassis.inbox import add_inbox, drop_stale
from chassis.jetstream import api, ensure_streams
from chassis.messages import Dead, Outcome, ReceivedMessage, RetryAfter
from chassis.outbox import OutboxMessage, add_outbox
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.unnest import execute_unnest, fetch_unnest
from hashtill.orders.v1.events_pb2 import OrderHeld, PurchaseRefused
from hashtill_cli.embedded.nats import Nats

Facts = Callable[..., list[OutboxMessage]]
Handler = Callable[[Sequence[ReceivedMessage]], Any]
EFFECT = "INSERT INTO effect (message, handled) SELECT unnest($1::text[]), 'x'"
DURABLE = "test-orders"


def consumer_of(nats: Client, database: Database, handler: Handler, **options: Any) -> BatchConsumer:
    settings: dict[str, Any] = {"backoff_seconds": (0.05,), "deliveries_max": 3} | options
    return BatchConsumer(
        nats,
        database,
        stream="ORDERS",
        durable=DURABLE,
        subjects=["hashtill.orders.v1.>"],
        types=[PurchaseRefused],
        handler=handler,
        **settings,
    )


@asynccontextmanager
async def running(consumer: BatchConsumer) -> AsyncIterator[BatchConsumer]:
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer
    finally:
        stop.set()
        await task


async def publish(database: Database, nats: Client, messages: Sequence[OutboxMessage]) -> None:
    async with database.transaction() as connection:
        await add_outbox(connection, messages)
    relay = Relay(database, nats)
    while await relay.run_once():
        pass
    await relay.close()


def with_effect(database: Database, *, poison: str = "") -> Handler:
    """A handler as services have it: inbox and effect in one transaction; it raises at the poison."""

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        async with database.transaction() as connection:
            new = await add_inbox(connection, consumer=DURABLE, message_ids=[each.message_id for each in messages])
            names = [each.aggregate for each in messages if each.message_id in new]
            if poison in names:
                raise ZeroDivisionError(poison)
            await execute_unnest(connection, EFFECT, names)

    return handle


async def effects(database: Database) -> list[str]:
    async with database.transaction() as connection:
        return [row[0] for row in await fetch_unnest(connection, "SELECT message FROM effect ORDER BY id")]


async def dead(database: Database) -> list[DeadLetter]:
    async with database.transaction() as connection:
        return await list_dead_letters(connection)


async def settled(consumer: BatchConsumer) -> bool:
    return await consumer.pending() == 0


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


async def test_a_poison_message_fails_alone_among_199_good_ones(database: Database, nats: Client, facts: Facts) -> None:
    names = [f"a{number}" for number in range(200)]
    await publish(database, nats, facts(names))

    async with running(consumer_of(nats, database, with_effect(database, poison="a77"))) as consumer:
        await until(lambda: settled(consumer))

    assert await effects(database) == [name for name in names if name != "a77"]
    [letter] = await dead(database)
    assert (letter.consumer, letter.attempts, letter.reason) == (DURABLE, 3, "ZeroDivisionError: a77")


async def test_an_undecodable_message_is_dead_at_once_and_a_foreign_type_is_skipped(
    database: Database, nats: Client, facts: Facts
) -> None:
    subject = "hashtill.orders.v1.purchase_refused.0"
    headers = {"Nats-Msg-Id": "broken", "ce-type": PurchaseRefused.DESCRIPTOR.full_name}
    complete = headers | {"ce-time": "2026-11-23T12:00:00Z", "ce-subject": "a", "ce-aggregateversion": "1"}
    foreign = complete | {"ce-type": OrderHeld.DESCRIPTOR.full_name}
    for number, (body, given) in enumerate([(b"", headers), (b"\xff\xff", complete), (b"", foreign), (b"", {})]):
        await nats.request(subject, body, headers=given | {"Nats-Msg-Id": f"m{number}"})
    await publish(database, nats, facts(["good"]))

    async with running(consumer_of(nats, database, with_effect(database))) as consumer:
        await until(lambda: settled(consumer))

    assert await effects(database) == ["good"]
    reasons = sorted(letter.reason for letter in await dead(database))
    assert [reason.split(":")[0] for reason in reasons] == ["undecodable"] * 3


async def test_a_handler_may_say_what_becomes_of_each_message(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, facts(["fine", "early", "hopeless"]))
    seen: list[tuple[str, int]] = []

    async def handle(messages: Sequence[ReceivedMessage]) -> Mapping[str, Outcome]:
        seen.extend((message.aggregate, message.deliveries) for message in messages)
        said: dict[str, Outcome] = {"early": RetryAfter(seconds=0.05), "hopeless": Dead(reason="no such offer")}
        return {
            each.message_id: said[each.aggregate] for each in messages if each.aggregate in said and each.deliveries < 2
        }

    async with running(consumer_of(nats, database, handle)) as consumer:
        await until(lambda: settled(consumer))

    assert seen == [("fine", 1), ("early", 1), ("hopeless", 1), ("early", 2)]
    assert [letter.reason for letter in await dead(database)] == ["no such offer"]


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


async def test_an_outage_holds_the_batch_and_costs_no_delivery(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, facts(["a", "b"]))
    tries: list[list[int]] = []

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        tries.append([message.deliveries for message in messages])
        if len(tries) < 4:
            raise ConnectionRefusedError

    async with running(consumer_of(nats, database, handle, ack_wait_seconds=0.5)) as consumer:
        await until(lambda: settled(consumer))

    assert tries == [[1, 1]] * 4


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
    stopped_at = monotonic()
    stop.set()
    await task

    assert finished.is_set()
    assert monotonic() - stopped_at < 1
    info = await api(nats, f"CONSUMER.INFO.ORDERS.{DURABLE}")
    assert info["num_ack_pending"] + info["num_pending"] == 20
    assert info["ack_floor"]["stream_seq"] == 10


async def test_a_dead_letter_is_replayed_here_alone_or_dropped(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, facts(["a", "b"]))
    wrong = {"a": Dead(reason="broken"), "b": Dead(reason="broken")}

    async def handle(messages: Sequence[ReceivedMessage]) -> Mapping[str, Outcome]:
        await with_effect(database)([each for each in messages if each.aggregate not in wrong])
        return {each.message_id: wrong[each.aggregate] for each in messages if each.aggregate in wrong}

    consumer = consumer_of(nats, database, handle)
    await consumer.run_once()
    second, first = await dead(database)
    wrong.clear()
    async with database.transaction() as connection:
        asked = await replay_dead_letters(connection, [first.id], by="me")
        dropped = await drop_dead_letters(connection, [second.id], by="me")
    await consumer.run_chores()
    await consumer.close()

    assert (asked, dropped) == (1, 1)
    assert await effects(database) == ["a"]
    assert await dead(database) == []


async def test_a_message_whose_deliveries_ran_out_unanswered_becomes_a_dead_letter(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a"]))
    dying = consumer_of(nats, database, with_effect(database), ack_wait_seconds=0.1, deliveries_max=2)
    for _ in range(2):
        assert await dying._pull.take(wait_seconds=1)

    async with running(consumer_of(nats, database, with_effect(database), ack_wait_seconds=0.1, deliveries_max=2)):
        await until(lambda: _dead_count(database, 1))

    [letter] = await dead(database)
    assert (letter.subject.rsplit(".", 1)[0], letter.attempts) == ("hashtill.orders.v1.purchase_refused", 2)


async def test_older_versions_of_an_aggregate_are_dropped(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, [fact for version in (2, 3, 1) for fact in facts(["a", "b"], version=version)])
    kept: list[tuple[str, int]] = []

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        async with database.transaction() as connection:
            fresh = await drop_stale(connection, consumer=DURABLE, messages=messages)
        kept.extend((message.aggregate, message.version) for message in fresh)

    async with running(consumer_of(nats, database, handle, batch_max=3)) as consumer:
        await until(lambda: settled(consumer))

    assert kept == [("a", 2), ("b", 2), ("a", 3), ("b", 3)]


@pytest.mark.parametrize("count", [2])
async def test_replicas_share_one_durable(database: Database, nats: Client, facts: Facts, count: int) -> None:
    names = [f"a{number}" for number in range(300)]
    consumers = [consumer_of(nats, database, with_effect(database), batch_max=20) for _ in range(count)]
    async with running(consumers[0]), running(consumers[1]):
        await publish(database, nats, facts(names))
        await until(lambda: _count(database, 300))

    assert sorted(await effects(database)) == sorted(names)


async def _exists(consumer: BatchConsumer) -> bool:
    return consumer._pull._exists


async def _any(values: list[float]) -> bool:
    return bool(values)


async def _has(database: Database, names: list[str]) -> bool:
    return await effects(database) == names


async def _count(database: Database, count: int) -> bool:
    return len(await effects(database)) == count


async def _dead_count(database: Database, count: int) -> bool:
    return len(await dead(database)) == count


async def _is_connected(nats: Client) -> bool:
    return bool(nats.is_connected)
