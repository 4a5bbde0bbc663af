"""Races on PostgreSQL: limits and stock hold whatever runs side by side."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from services.offers.tests.offers_world import Clock, Shop, asks, never_an_outage

from chassis.data_testing import until
from chassis.idempotent_calls import Within
from chassis.postgres import POOL_SIZE, Database
from chassis.unnest import fetch_unnest
from kernel.ids import CardmemberId, Network, OfferId
from kernel.refusals import Refusal
from offers.domain.hold import Hold, HoldAsked
from offers.domain.offer import Offer
from offers.outbound.postgres import PostgresTransactions
from offers.usecases.gather_holds import HoldGatherer
from offers.usecases.halt_offer import pause_offer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.publish_offer import publish_offer
from offers.usecases.settle_holds import commit_holds, release_holds

pytestmark = pytest.mark.servers


AT_ONCE = POOL_SIZE
"""As many as there are connections: more only wait for one, and on a busy machine longer than a caller would."""


@pytest.fixture
async def now(database: Database, clock: Clock) -> Clock:
    """Give a clock that shows the database's time."""
    clock.at = await database.now()
    return clock


@pytest.fixture
async def replicas(database: Database) -> AsyncIterator[list[HoldGatherer]]:
    """Give two replicas, each with connections of its own."""
    second = Database.open(database.dsn, application_name="offers-test-2")
    yield [replica(database), replica(second)]
    await second.close()


def replica(database: Database) -> HoldGatherer:
    """Give a gatherer of its own, as each replica has."""
    transactions = PostgresTransactions(database=database)
    return HoldGatherer(
        lambda asked: hold_stock(asked, transactions=transactions), is_outage=never_an_outage, answer_seconds=30
    )


async def each_alone(gatherers: list[HoldGatherer], asked: list[HoldAsked]) -> list[Any]:
    """Ask for each hold by a call of its own, all at once, spread over the replicas."""
    calls = [gatherers[index % len(gatherers)].hold([each]) for index, each in enumerate(asked)]
    return [answer for answers in await asyncio.gather(*calls) for answer in answers]


def granted(answers: list[Any]) -> list[Hold]:
    return [answer for answer in answers if isinstance(answer, Hold)]


async def rows(database: Database) -> tuple[int, tuple[int, int, int]]:
    """Count open holds, and read the stock they must match."""
    async with PostgresTransactions(database=database).begin() as unit:
        offer = (await unit.offers.by_ids([OfferId("kindle")]))[OfferId("kindle")]
        found = await unit.connection.exec_driver_sql("SELECT count(*) FROM hold WHERE state = 'HELD'")
        return found.scalar_one(), (offer.stock.available, offer.stock.held, offer.stock.committed)


async def test_fifty_posts_of_one_member_over_two_networks_get_one_hold(
    postgres_shop: Shop, database: Database, now: Clock, replicas: list[HoldGatherer]
) -> None:
    await postgres_shop.published(channels=("x", "facebook"), stock_total=100)
    ann = CardmemberId(uuid.uuid4())
    asked = [asks(at=now(), cardmember_id=ann, network=Network(("x", "facebook")[n % 2])) for n in range(50)]

    answers = await each_alone(replicas, asked)

    reasons = {answer.reason for answer in answers if isinstance(answer, Refusal)}
    assert (len(granted(answers)), reasons) == (1, {"ALREADY_OPEN"})
    assert await rows(database) == (1, (99, 1, 0))


async def test_a_thousand_buyers_of_one_unit_get_one_hold(
    postgres_shop: Shop, database: Database, now: Clock, replicas: list[HoldGatherer]
) -> None:
    await postgres_shop.published(stock_total=1)

    answers = await each_alone(replicas, [asks(at=now()) for _ in range(1_000)])

    reasons = {answer.reason for answer in answers if isinstance(answer, Refusal)}
    assert (len(granted(answers)), reasons) == (1, {"ALL_HELD"})
    assert await rows(database) == (1, (0, 1, 0))


async def test_replicas_that_hammer_one_offer_conserve_its_stock(
    postgres_shop: Shop, database: Database, now: Clock, replicas: list[HoldGatherer]
) -> None:
    await postgres_shop.published(stock_total=300, per_member_limit=100)
    transactions = PostgresTransactions(database=database)

    doors = asyncio.Semaphore(AT_ONCE)

    async def buyer(number: int) -> None:
        for _ in range(5):
            [hold] = await replicas[number % 2].hold([asks(at=now())])
            async with doors:
                if isinstance(hold, Hold) and number % 3:
                    await commit_holds([hold.order_id], transactions=transactions)
                if isinstance(hold, Hold) and number % 3 == 2:
                    await release_holds([hold.order_id], transactions=transactions)

    await asyncio.gather(*(buyer(number) for number in range(100)))

    open_holds, (available, held, committed) = await rows(database)
    assert open_holds == held
    assert available + held + committed == 300


async def test_a_hold_and_its_release_at_once_leave_no_unit_behind(
    postgres_shop: Shop, database: Database, now: Clock
) -> None:
    await postgres_shop.published(stock_total=100)
    transactions = PostgresTransactions(database=database)
    asked = [asks(at=now()) for _ in range(100)]

    doors = asyncio.Semaphore(AT_ONCE // 2)

    async def both(each: HoldAsked) -> None:
        async with doors:
            await asyncio.gather(
                hold_stock([each], transactions=transactions),
                release_holds([each.order_id], transactions=transactions),
            )
            await release_holds([each.order_id], transactions=transactions)

    await asyncio.gather(*(both(each) for each in asked))

    assert await rows(database) == (0, (100, 0, 0))


async def test_the_same_order_asked_at_once_under_two_tags_is_one_hold(
    postgres_shop: Shop, database: Database, now: Clock
) -> None:
    await postgres_shop.published(stock_total=100)
    await postgres_shop.published(offer_id="second", tag="Second", stock_total=100)
    transactions = PostgresTransactions(database=database)
    first = [asks(at=now()) for _ in range(50)]
    second = [asks("second", at=now(), order_id=each.order_id) for each in first]

    answers = await asyncio.gather(
        hold_stock(first, transactions=transactions), hold_stock(list(reversed(second)), transactions=transactions)
    )

    assert answers[0] == list(reversed(answers[1]))
    assert all(isinstance(answer, Hold) for answer in answers[0])


async def test_a_limit_counts_what_was_committed_while_the_stock_was_waited_for(
    postgres_shop: Shop, database: Database, now: Clock
) -> None:
    await postgres_shop.published(per_member_limit=1, stock_total=100)
    first, second = (asks(at=now(), cardmember_id=CardmemberId(uuid.UUID(int=7))) for _ in range(2))
    transactions = PostgresTransactions(database=database)

    async with transactions.begin() as unit:
        await hold_stock([first], transactions=Within(unit))
        await commit_holds([first.order_id], transactions=Within(unit))
        waiting = asyncio.create_task(hold_stock([second], transactions=transactions))
        await until(lambda: somebody_waits(database))
    [answer] = await waiting

    assert isinstance(answer, Refusal)
    assert answer.reason == "LIMIT_REACHED"
    assert await rows(database) == (0, (99, 0, 1))


async def test_stock_falls_by_the_holds_that_were_written(postgres_shop: Shop, database: Database, now: Clock) -> None:
    await postgres_shop.published(stock_total=100)
    await postgres_shop.published(offer_id="second", tag="Second", stock_total=100)
    asked, transactions = asks("second", at=now()), PostgresTransactions(database=database)

    async with transactions.begin() as unit:
        await hold_stock([asked], transactions=Within(unit))
        again = asks(at=now(), order_id=asked.order_id)
        waiting = asyncio.create_task(hold_stock([again], transactions=transactions))
        await until(lambda: somebody_waits(database))
    await waiting

    assert await rows(database) == (1, (100, 0, 0))


async def test_of_offers_published_at_once_one_takes_the_tag(postgres_shop: Shop) -> None:
    names = [f"offer-{number}" for number in range(5)]
    for name in names:
        await postgres_shop.drafted(offer_id=name)

    answers = await asyncio.gather(
        *(publish_offer(OfferId(name), transactions=postgres_shop.transactions) for name in names)
    )

    reasons = [answer.reason for answer in answers if isinstance(answer, Refusal)]
    assert reasons == ["TAG_TAKEN"] * 4


@pytest.mark.usefixtures("now")
async def test_resuming_an_offer_while_another_wants_its_tag_waits_for_nobody(
    postgres_shop: Shop, database: Database
) -> None:
    paused = await postgres_shop.published(offer_id="paused")
    await pause_offer(paused.offer_id, transactions=postgres_shop.transactions)
    other = await postgres_shop.drafted(offer_id="other")
    transactions = PostgresTransactions(database=database)

    async with transactions.begin() as unit:
        await unit.offers.locked([paused.offer_id])
        taking = asyncio.create_task(publish_offer(other.offer_id, transactions=transactions))
        await until(lambda: somebody_waits(database))
        resumed = await publish_offer(paused.offer_id, transactions=Within(unit))
    taken = await taking

    assert isinstance(resumed, Offer)
    assert isinstance(taken, Refusal)
    assert taken.reason == "TAG_TAKEN"


async def somebody_waits(database: Database) -> bool:
    async with database.transaction() as connection:
        waiting = "SELECT true FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(await fetch_unnest(connection, waiting))
