"""What a dead sender leaves: what it had not tried is sent at once by the next one, what it had tried is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from services.notifier.tests.notifier_world import NOW, ToldNetwork, ToldPeers, World, order_news

from kernel.ids import OrderId, PostId
from notifier.domain.delivery import NOT_TRIED, DeliveryState
from notifier.domain.news import OrderNewsKind
from notifier.outbound.memory import MemoryStore
from notifier.usecases.ports import Leased, PostAnswer, Posted, Unit
from notifier.usecases.send_posts import CHANNELS, LEASE_TIME, UNTRIED_TIME

HELD = order_news(OrderNewsKind.HELD)
OVER, LONG = timedelta(0), timedelta(minutes=1)


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


async def take(unit: Unit, *, untried_time: timedelta = OVER) -> Sequence[Leased]:
    return await unit.deliveries.lease(CHANNELS, limit=10, lease_time=LONG, untried_time=untried_time)


async def test_what_was_taken_and_not_begun_is_in_no_doubt(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        await take(unit)

    async with world.transactions.begin() as unit:
        (taken,) = await take(unit)

    assert (taken.unknown_since, taken.delivery.state, taken.delivery.failure) == (
        None, DeliveryState.SENDING, NOT_TRIED,
    )  # fmt: skip


async def test_what_was_begun_is_in_doubt_since_it_was_taken(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        (first,) = await take(unit)
    async with world.transactions.begin() as unit:
        (begun,) = await unit.deliveries.begin([first], lease_time=OVER)

    async with world.transactions.begin() as unit:
        (taken,) = await take(unit)

    assert (begun.unknown_since, begun.delivery.failure) == (None, "")
    assert taken.unknown_since == first.delivery.tried_at
    assert taken.delivery.next_at > begun.delivery.next_at + OVER


async def test_what_another_took_meanwhile_is_not_begun(world: World) -> None:
    await world.hear(HELD)
    async with world.transactions.begin() as unit:
        slow = await take(unit)
    async with world.transactions.begin() as unit:
        quick = await take(unit)

    async with world.transactions.begin() as unit:
        begun = [await unit.deliveries.begin(each, lease_time=LONG) for each in (slow, quick, quick)]

    assert [len(each) for each in begun] == [0, 1, 0]


async def test_a_prompt_whose_sender_died_before_it_tried_goes_out_a_little_later_unlooked_for(
    memory: MemoryStore,
) -> None:
    world = World(memory.transactions(), peers=DeadlyPeers())
    await world.hear(HELD)
    memory.at += LEASE_TIME  # stale by now, so orders is asked
    with pytest.raises(DiedError):
        await world.send_posts()
    world.peers = ToldPeers()

    memory.at += UNTRIED_TIME
    await world.send_posts()

    assert (len(world.network.posted), world.network.looked) == (1, 0)


async def test_a_prompt_whose_sender_died_trying_is_looked_for_when_its_lease_is_over(memory: MemoryStore) -> None:
    world = World(memory.transactions(), network=DeadlyNetwork())
    await world.hear(HELD)
    with pytest.raises(DiedError):
        await world.send_posts()
    world.network = ToldNetwork(found=Posted(post_id=PostId("77"), posted_at=NOW))

    memory.at += UNTRIED_TIME
    too_early = await world.send_posts()
    memory.at += LEASE_TIME
    await world.send_posts()

    assert too_early == 0
    assert (world.network.posted, world.network.looked) == ([], 1)
    assert "77" in {each.sent_id for each in await world.all()}
