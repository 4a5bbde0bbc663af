"""What a dead sender leaves: what it had not tried is sent at once by the next one, what it had tried is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from services.notifier.tests.notifier_world import NOW, ToldNetwork, ToldPeers, World, order_news

from kernel.ids import OrderId, PostId
from kernel.records import changed
from notifier.domain.delivery import NOT_SEEN, NOT_TRIED, SILENCE_MAX, DeliveryState
from notifier.domain.news import OrderNewsKind
from notifier.outbound.memory import MemoryStore
from notifier.usecases.ports import Leased, NotPosted, PostAnswer, Posted, Unit
from notifier.usecases.send_posts import CHANNELS, LEASE_TIME

HELD = order_news(OrderNewsKind.HELD)
OVER, LONG = timedelta(0), timedelta(minutes=1)
OUT = Posted(post_id=PostId("77"), posted_at=NOW)


class DiedError(BaseException):
    """The end of a process: nothing after it is done."""


@dataclass(slots=True)
class DeadlyPeers(ToldPeers):
    """Peers whose caller dies of the question."""

    async def still_prompting(self, order_ids: Sequence[OrderId]) -> set[OrderId]:
        raise DiedError(order_ids)


@dataclass(slots=True)
class DeadlyNetwork(ToldNetwork):
    """X takes what is posted, and the sender dies before it hears so."""

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:
        raise DiedError(text, in_reply_to)


async def take(unit: Unit) -> Sequence[Leased]:
    return await unit.deliveries.lease(CHANNELS, limit=10, lease_time=OVER)


async def world_whose_sender_died_trying(memory: MemoryStore) -> World:
    world = World(memory.transactions(), network=DeadlyNetwork())
    await world.hear(HELD)
    with pytest.raises(DiedError):
        await world.send_posts()
    return world


async def test_what_was_taken_and_not_begun_is_in_no_doubt(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        await take(unit)

    async with world.transactions.begin() as unit:
        (taken,) = await take(unit)

    assert (taken.unknown_since, taken.delivery.state, taken.delivery.failure) == (
        None, DeliveryState.SENDING, NOT_TRIED,
    )  # fmt: skip


async def test_what_was_begun_is_unheard_since_it_was_taken(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        (first,) = await take(unit)
    async with world.transactions.begin() as unit:
        (begun,) = await unit.deliveries.begin([first], lease_time=OVER)

    async with world.transactions.begin() as unit:
        (taken,) = await take(unit)

    assert (begun.unknown_since, begun.delivery.failure) == (None, "")
    assert (taken.unknown_since, taken.is_unheard) == (first.delivery.tried_at, True)


async def test_what_is_begun_is_leased_from_then_on(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        taken = await take(unit)

    async with world.transactions.begin() as unit:
        await unit.deliveries.begin(taken, lease_time=LONG)

    async with world.transactions.begin() as unit:
        assert await take(unit) == []


async def test_what_another_took_meanwhile_is_not_begun(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        slow = await take(unit)
    async with world.transactions.begin() as unit:
        quick = await take(unit)

    async with world.transactions.begin() as unit:
        begun = [await unit.deliveries.begin(each, lease_time=LONG) for each in (slow, quick, quick)]

    assert [len(each) for each in begun] == [0, 1, 0]


async def test_of_two_who_took_a_post_in_doubt_the_last_one_begins_it(world: World) -> None:
    world.network.answers = [PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))]
    await world.hear(HELD)
    await world.send_posts()
    in_doubt = await world.one()
    async with world.transactions.begin() as unit:
        await unit.deliveries.save([changed(in_doubt, next_at=unit.at)])
    async with world.transactions.begin() as unit:
        slow = await take(unit)
    async with world.transactions.begin() as unit:
        quick = await take(unit)

    async with world.transactions.begin() as unit:
        begun = [await unit.deliveries.begin(each, lease_time=LONG) for each in (slow, quick)]

    assert [[each.unknown_since for each in some] for some in begun] == [[], [in_doubt.tried_at]]


async def test_a_prompt_whose_sender_died_before_it_tried_goes_out_a_little_later_unlooked_for(
    memory: MemoryStore,
) -> None:
    world = World(memory.transactions(), peers=DeadlyPeers())
    await world.hear(HELD)
    memory.at += LONG  # stale by now, so orders is asked
    with pytest.raises(DiedError):
        await world.send_posts()
    world.peers = ToldPeers()

    memory.at += LEASE_TIME
    await world.send_posts()

    assert (len(world.network.posted), world.network.looked) == (1, 0)


async def test_a_prompt_that_is_out_is_found_soon_after_its_sender_died(memory: MemoryStore) -> None:
    world = await world_whose_sender_died_trying(memory)
    world.network = ToldNetwork(found=OUT)

    memory.at += LEASE_TIME
    await world.send_posts()

    assert (world.network.posted, world.network.looked) == ([], 1)
    assert "77" in {each.sent_id for each in await world.all()}


async def test_a_prompt_that_does_not_show_is_said_again_only_when_the_dead_cannot_have_said_it(
    memory: MemoryStore,
) -> None:
    world = await world_whose_sender_died_trying(memory)
    world.network = ToldNetwork()

    memory.at += LEASE_TIME
    await world.send_posts()
    looked_in_vain = await world.one()
    memory.at += SILENCE_MAX - timedelta(seconds=1)
    too_early = await world.send_posts()
    memory.at += timedelta(seconds=1)
    await world.send_posts()

    assert (looked_in_vain.state, looked_in_vain.failure) == (DeliveryState.SENDING, NOT_SEEN)
    assert too_early == 0
    assert (len(world.network.posted), world.network.looked) == (1, 2)


async def test_a_network_that_cannot_be_asked_after_a_death_makes_nobody_post_sooner(memory: MemoryStore) -> None:
    world = await world_whose_sender_died_trying(memory)
    world.network = ToldNetwork(found=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))

    memory.at += LEASE_TIME
    await world.send_posts()
    memory.at += SILENCE_MAX - timedelta(seconds=1)

    assert await world.send_posts() == 0
