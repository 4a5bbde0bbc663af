"""Suspects: a message that ends its process is given up; one whose process died for another reason never is."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from libs.chassis.tests.data.consumer_world import (
    DURABLE,
    Handler,
    consumer_of,
    dead,
    effects,
    publish,
    running,
    settled,
    with_effect,
)
from nats.aio.client import Client

from chassis.consumers import FAILURES_MAX
from chassis.data_testing import until
from chassis.jetstream import api
from chassis.maintenance import Maintenance
from chassis.messages import ReceivedMessage
from chassis.outbox import OutboxMessage
from chassis.postgres import Database
from chassis.suspects import SUSPECTED_AT, TRIES_MAX, PostgresSuspects, parted
from chassis.unnest import execute_unnest

Facts = Callable[..., list[OutboxMessage]]
SOON = 0.1
"""AckWait: what died is delivered again so soon."""


async def lives_until_it_dies(nats: Client, database: Database, handler: Handler, died: asyncio.Event) -> bool:
    """Run one life of a process; tells whether it died, with nothing acknowledged and nothing given back."""
    consumer = consumer_of(nats, database, handler, ack_wait_seconds=SOON, failures_max=FAILURES_MAX)
    died.clear()
    life, death = asyncio.create_task(consumer.run_once()), asyncio.create_task(died.wait())
    await asyncio.wait([life, death], return_when=asyncio.FIRST_COMPLETED)
    for task in (life, death):
        task.cancel()
    await asyncio.gather(life, death, return_exceptions=True)
    await consumer._pull.close()
    return died.is_set()


async def test_what_ends_its_process_each_time_is_given_up_and_its_mates_are_handled(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a", "fatal", "b"]))
    died, deaths, otherwise = asyncio.Event(), 0, with_effect(database)

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        if "fatal" in [each.aggregate for each in messages]:
            died.set()
            await asyncio.Event().wait()
        await otherwise(messages)

    while not await dead(database):
        deaths += await lives_until_it_dies(nats, database, handle, died)

    [letter] = await dead(database)
    assert TRIES_MAX <= deaths <= SUSPECTED_AT - 1 + TRIES_MAX  # a slow machine may lose one that was not counted yet
    assert sorted(await effects(database)) == ["a", "b"]
    assert letter.reason == "8 tries in a row ended or hung the process."


async def test_a_death_while_a_peer_is_away_costs_nothing_and_leaves_every_try_to_a_failure(
    database: Database, nats: Client, facts: Facts
) -> None:
    await publish(database, nats, facts(["a"]))
    died, tries, failed = asyncio.Event(), Counter[int](), list[int]()
    lives = deaths = 0

    async def wait(messages: Sequence[ReceivedMessage]) -> None:
        tries[lives] += len(messages)
        if tries[lives] == 2:  # it waits: the outage was seen before
            died.set()
        raise ConnectionRefusedError

    async def fail(messages: Sequence[ReceivedMessage]) -> None:
        failed.extend(message.deliveries for message in messages)
        if failed[-1] < FAILURES_MAX and not await effects(database):
            raise ZeroDivisionError
        await with_effect(database)(messages)

    while deaths < 2 * FAILURES_MAX and not await dead(database):
        lives, deaths = lives + 1, deaths + await lives_until_it_dies(nats, database, wait, died)
    async with running(consumer_of(nats, database, fail, ack_wait_seconds=1, failures_max=FAILURES_MAX)) as consumer:
        await until(lambda: settled(consumer))

    assert (await effects(database), await dead(database)) == (["a"], [])
    assert failed[:4] == [5, 6, 7, FAILURES_MAX]


async def test_tries_are_counted_in_a_row_for_each_consumer_apart(database: Database) -> None:
    mine, other = PostgresSuspects(database, consumer="mine"), PostgresSuspects(database, consumer="other")

    tries = [await mine.begin("m"), await mine.begin("m"), await other.begin("m"), await mine.begin("n")]
    await mine.excuse("m")
    excused = await mine.begin("m")
    await mine.begin("m")
    await mine.clear("m")

    assert (tries, excused) == ([1, 2, 1, 1], 1)
    assert [await mine.begin("m"), await other.begin("m")] == [1, 2]


async def test_counts_are_forgotten_with_the_inbox(database: Database) -> None:
    suspects = PostgresSuspects(database, consumer="mine")
    for each in ("old", "new"):
        await suspects.begin(each)
    async with database.transaction() as connection:
        await execute_unnest(connection, "UPDATE suspect SET at = now() - interval '15 days' WHERE msg_id = 'old'")

    await Maintenance(database).run_once()

    assert [await suspects.begin(each) for each in ("old", "new")] == [1, 2]


@pytest.mark.parametrize(
    ("deliveries", "parts"),
    [
        ([], []),
        ([1, 4, 2], [[1, 4, 2]]),
        ([5], [[5]]),
        ([6, 1, 5, 2], [[1, 2], [6], [5]]),
    ],
)
def test_suspects_come_last_and_alone(deliveries: list[int], parts: list[list[int]]) -> None:
    assert parted(deliveries, deliveries=int) == parts


async def test_a_durable_of_a_former_release_takes_our_bounds(database: Database, nats: Client, facts: Facts) -> None:
    await publish(database, nats, facts(["a"]))
    former = consumer_of(nats, database, with_effect(database), deliveries_max=30)
    await former.run_once()
    await former.close()

    async with running(consumer_of(nats, database, with_effect(database))) as ours:
        await until(lambda: settled(ours))
        config = (await api(nats, f"CONSUMER.INFO.ORDERS.{DURABLE}"))["config"]

    assert config["max_deliver"] == 1_000
