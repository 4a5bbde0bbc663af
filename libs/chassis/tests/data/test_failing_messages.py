"""Failures: only the guilty message fails, it is kept as a dead letter, and an outage blames nobody."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from libs.chassis.tests.data.consumer_world import (
    DURABLE,
    consumer_of,
    dead,
    effects,
    publish,
    running,
    settled,
    with_effect,
)
from nats.aio.client import Client

from chassis.data_testing import until
from chassis.dead_letters import drop_dead_letters, replay_dead_letters
from chassis.jetstream import api, stream_state
from chassis.messages import Dead, Outcome, ReceivedMessage, RetryAfter
from chassis.outbox import OutboxMessage
from chassis.postgres import Database
from hashtill.orders.v1.events_pb2 import OrderHeld, PurchaseRefused
from kernel.failpoints import FailPoint, arm, disarm

Facts = Callable[..., list[OutboxMessage]]


@pytest.fixture
def disarmed() -> Iterator[None]:
    yield
    disarm()


def _crash_when_handled(point: FailPoint) -> None:
    if point is FailPoint.CONSUMER_HANDLED:
        raise ZeroDivisionError


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


@pytest.mark.usefixtures("disarmed")
async def test_a_consumer_that_crashed_waits_out_an_outage_in_its_next_life_too(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a"]))
    tries: list[int] = []

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        tries.extend(message.deliveries for message in messages)
        if len(tries) == 2:
            raise ConnectionRefusedError

    consumer = consumer_of(nats, database, handle)
    arm(_crash_when_handled)
    with pytest.raises(ZeroDivisionError):
        await consumer.run(asyncio.Event())
    disarm()
    async with running(consumer):
        await until(lambda: settled(consumer))

    assert tries == [1, 2, 2]


async def test_a_slow_batch_keeps_its_messages_and_those_behind_it(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a", "b"]))
    tries: list[tuple[str, int]] = []

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        tries.extend((message.aggregate, message.deliveries) for message in messages)
        await asyncio.sleep(1.0)

    async with running(consumer_of(nats, database, handle, batch_max=1, ack_wait_seconds=0.3)) as consumer:
        await until(lambda: settled(consumer))

    assert tries == [("a", 1), ("b", 1)]


async def test_a_batch_that_hangs_is_left_to_another_consumer(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, facts(["a"]))
    hangs = asyncio.Event()

    async def hang(_messages: Sequence[ReceivedMessage]) -> None:
        hangs.set()
        await asyncio.Event().wait()

    hanging = consumer_of(nats, database, hang, ack_wait_seconds=0.3, handling_seconds_max=0.5)
    task = asyncio.create_task(hanging.run(asyncio.Event()))
    await hangs.wait()
    async with running(consumer_of(nats, database, with_effect(database), ack_wait_seconds=0.3)) as consumer:
        await until(lambda: settled(consumer))
    task.cancel()

    assert await effects(database) == ["a"]


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


async def test_a_lost_stream_of_advisories_is_made_again(database: Database, nats: Client) -> None:
    consumer = consumer_of(nats, database, with_effect(database))
    await api(nats, "STREAM.DELETE.ADVISORIES")

    await consumer.run_chores()
    await consumer.close()

    assert await stream_state(nats, "ADVISORIES") is not None


async def _dead_count(database: Database, count: int) -> bool:
    return len(await dead(database)) == count
