"""What a process is sending stays its own while it lives, and waits for somebody else soon after it died."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.notifier.tests.notifier_world import ToldMailer, ToldNetwork, World, link_news, order_news

from kernel.ids import PostId
from notifier.domain.delivery import Channel, DeliveryState, outcome_unknown, sent
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.outbound.memory import MemoryStore
from notifier.usecases.in_hand import InHand
from notifier.usecases.ports import Leased, Mail, NotMailed, PostAnswer, Unit
from notifier.usecases.send_mails import LEASE_TIME
from notifier.usecases.send_posts import CHANNELS
from notifier.usecases.send_posts import LEASE_TIME as POSTS_LEASE_TIME

OVER, LONG = timedelta(0), timedelta(minutes=1)
FROZEN = link_news(LinkNewsKind.FROZEN)


@dataclass(slots=True)
class SlowMailer(ToldMailer):
    """A mail server that answers when it is let."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        self.asked.set()
        await self.let.wait()
        return await ToldMailer.send(self, mails)


@dataclass(slots=True)
class SlowNetwork(ToldNetwork):
    """X that answers when it is let."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:
        self.asked.set()
        await self.let.wait()
        return await ToldNetwork.post(self, text, in_reply_to=in_reply_to)


async def lease(world: World, lease_time: timedelta) -> Sequence[Leased]:
    async with world.transactions.begin() as unit:
        return await leased_in(unit, lease_time)


async def leased_in(unit: Unit, lease_time: timedelta) -> Sequence[Leased]:
    return await unit.deliveries.lease([Channel.MAIL], limit=10, lease_time=lease_time)


async def test_a_kept_lease_runs_from_then_on(world: World) -> None:
    await world.hear(FROZEN)
    leased = await lease(world, OVER)

    async with world.transactions.begin() as unit:
        await unit.deliveries.keep(leased, lease_time=LONG)

    assert await lease(world, OVER) == []


async def test_what_was_written_meanwhile_is_not_kept(world: World) -> None:
    await world.hear(FROZEN)
    (leased,) = await lease(world, OVER)
    async with world.transactions.begin() as unit:
        await unit.deliveries.save([sent(leased.delivery, sent_id="<1@mail.example>", at=unit.at)])

    async with world.transactions.begin() as unit:
        await unit.deliveries.keep([leased], lease_time=LONG)

    after = await world.one()
    assert after.state is DeliveryState.SENT
    assert after.next_at == leased.delivery.next_at


async def test_a_post_in_doubt_rests_as_long_as_it_must_though_it_is_kept_late(world: World) -> None:
    await world.hear(order_news(OrderNewsKind.HELD))
    async with world.transactions.begin() as unit:
        (leased,) = await unit.deliveries.lease(CHANNELS, limit=1, lease_time=LONG)
        resting = outcome_unknown(leased.delivery, reason="NETWORK_UNAVAILABLE", at=unit.at)
        await unit.deliveries.save([resting])

    async with world.transactions.begin() as unit:
        await unit.deliveries.keep([leased], lease_time=OVER)

    assert await world.one() == resting


async def test_a_mail_that_takes_longer_than_its_lease_is_handed_over_once(memory: MemoryStore) -> None:
    mailer = SlowMailer()
    slow = World(memory.transactions(), mailer=mailer, in_hand=InHand(keep_every_seconds=0.01))
    await slow.hear(FROZEN)
    sending = asyncio.create_task(slow.send_mails())
    await mailer.asked.wait()

    for _ in range(3):
        memory.at += LEASE_TIME - timedelta(seconds=1)
        await asyncio.sleep(0.05)  # it is kept meanwhile
    elsewhere = await World(memory.transactions()).send_mails()
    mailer.let.set()
    await sending

    assert elsewhere == 0
    assert len(mailer.taken) == 1


async def test_a_lane_leaves_alone_what_another_has_in_hand_though_its_lease_ran_out(memory: MemoryStore) -> None:
    mailer = SlowMailer()
    world = World(memory.transactions(), mailer=mailer)
    await world.hear(FROZEN)
    sending = asyncio.create_task(world.send_mails())
    await mailer.asked.wait()

    memory.at += LEASE_TIME  # the database was away for so long, and nobody could keep it
    await world.send_mails()
    mailer.let.set()
    await sending

    assert len(mailer.taken) == 1
    assert (await world.one()).state is DeliveryState.SENT


async def test_what_a_dead_process_had_in_hand_is_sent_when_its_lease_ran_out(memory: MemoryStore) -> None:
    world = World(memory.transactions())
    await world.hear(FROZEN)
    await lease(world, LEASE_TIME)  # by one that dies

    before = await world.send_mails()
    memory.at += LEASE_TIME
    await world.send_mails()

    assert before == 0
    assert len(world.mailer.taken) == 1


async def test_a_post_that_takes_longer_than_its_lease_is_neither_looked_for_nor_said_by_another(
    memory: MemoryStore,
) -> None:
    network = SlowNetwork()
    slow = World(memory.transactions(), network=network, in_hand=InHand(keep_every_seconds=0.01))
    await slow.hear(order_news(OrderNewsKind.HELD))
    sending = asyncio.create_task(slow.send_posts())
    await network.asked.wait()

    for _ in range(3):
        memory.at += POSTS_LEASE_TIME - timedelta(seconds=1)
        await asyncio.sleep(0.05)  # it is kept meanwhile
    other = World(memory.transactions())
    elsewhere = await other.send_posts()
    network.let.set()
    await sending

    assert (elsewhere, other.network.looked) == (0, 0)
    assert len(network.posted) == 1


async def test_a_lane_leaves_alone_what_another_is_posting_though_its_lease_ran_out(memory: MemoryStore) -> None:
    network = SlowNetwork()
    world = World(memory.transactions(), network=network)
    await world.hear(order_news(OrderNewsKind.HELD))
    sending = asyncio.create_task(world.send_posts())
    await network.asked.wait()

    memory.at += POSTS_LEASE_TIME  # the database was away for so long, and nobody could keep it
    await world.send_posts()
    network.let.set()
    await sending

    assert (len(network.posted), network.looked) == (1, 0)
    assert DeliveryState.SENT in {each.state for each in await world.all()}
