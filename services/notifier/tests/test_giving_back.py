"""A peer that is away for a moment costs that moment: what was leased meanwhile waits a second, not for its lease."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from services.notifier.tests.notifier_world import ANN, NOW, RECIPIENT, ToldPeers, World, link_news, order_news

from chassis.patience import through_outages
from kernel.ids import CardmemberId, OrderId
from notifier.domain.delivery import DeliveryState
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.outbound.memory import MemoryStore
from notifier.usecases.give_back import give_back, leasing
from notifier.usecases.ports import Leased, NotPosted, PostAnswer, Recipient, Transactions, Unit
from notifier.usecases.send_posts import CHANNELS

HELD = order_news(OrderNewsKind.HELD)
RECEIPT = order_news(OrderNewsKind.AUTHORIZED)
UNKNOWN = PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))
SOON = timedelta(seconds=2)
LATER = timedelta(minutes=1)


class AwayError(Exception):
    """What a wire raises when nobody answers."""


@dataclass(slots=True)
class AwayPeers(ToldPeers):
    """Peers that are away until told otherwise."""

    away: bool = True

    async def of(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Recipient]:
        if self.away:
            raise AwayError
        return {each: RECIPIENT for each in cardmember_ids if each == ANN}

    async def still_prompting(self, order_ids: Sequence[OrderId]) -> set[OrderId]:
        if self.away:
            raise AwayError
        return set(order_ids)


def world_of(memory: MemoryStore) -> tuple[World, AwayPeers]:
    memory.at = NOW + timedelta(seconds=1)  # the news is fresh, however long ago this file was read
    peers = AwayPeers()
    return World(memory.transactions(), peers=peers), peers


async def test_mails_go_out_as_soon_as_identity_is_back(memory: MemoryStore) -> None:
    world, peers = world_of(memory)
    await world.hear(link_news(LinkNewsKind.FROZEN))
    with pytest.raises(AwayError):
        await world.send_mails()
    waiting = await world.one()

    peers.away, memory.at = False, memory.at + SOON
    await world.send_mails()

    assert (waiting.state, waiting.attempts) == (DeliveryState.WAITING, 0)
    assert (await world.one()).state == DeliveryState.SENT


async def test_replies_go_out_as_soon_as_identity_is_back(memory: MemoryStore) -> None:
    world, peers = world_of(memory)
    await world.hear(RECEIPT)
    with pytest.raises(AwayError):
        await world.send_posts()

    peers.away, memory.at = False, memory.at + SOON
    await world.send_posts()

    assert len(world.network.posted) == 1


async def test_a_reply_of_unknown_outcome_stays_so_while_orders_is_away(memory: MemoryStore) -> None:
    world, peers = world_of(memory)
    world.network.answers = [UNKNOWN]
    await world.hear(HELD)
    await world.send_posts()
    memory.at += LATER
    with pytest.raises(AwayError):
        await world.send_posts()
    in_doubt = await world.one()

    peers.away, memory.at = False, memory.at + SOON
    await world.send_posts()

    assert (in_doubt.state, in_doubt.attempts, in_doubt.failure) == (DeliveryState.SENDING, 1, "NETWORK_UNAVAILABLE")
    assert (world.network.looked, len(world.network.posted)) == (1, 1)


@dataclass(slots=True)
class BreakingTransactions:
    """Transactions of which some cannot begin, and of some nobody hears that they were committed."""

    inner: Transactions
    refused: int = 0
    unheard: int = 0
    begun: int = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        self.begun += 1
        number = self.begun
        if number == self.refused:
            raise ConnectionRefusedError
        async with self.inner.begin() as unit:
            yield unit
        if number == self.unheard:
            raise ConnectionResetError


async def _patiently(step: Callable[[], Awaitable[None]]) -> None:
    await through_outages(step, what="outcomes", stop=asyncio.Event())


async def test_what_was_sent_while_the_database_went_away_is_written_down_when_it_is_back(memory: MemoryStore) -> None:
    world, peers = world_of(memory)
    peers.away = False
    await world.hear(RECEIPT)
    world.patiently = _patiently
    world.transactions = BreakingTransactions(memory.transactions(), refused=3)  # leased, begun, sent
    await world.send_posts()
    world.transactions = BreakingTransactions(memory.transactions(), refused=2)
    await world.send_mails()

    assert {each.state for each in await world.all()} == {DeliveryState.SENT}
    assert (len(world.network.posted), len(world.mailer.taken)) == (1, 1)


async def test_a_lease_of_which_nobody_heard_that_it_was_committed_is_given_back(memory: MemoryStore) -> None:
    world, peers = world_of(memory)
    peers.away = False
    await world.hear(RECEIPT)
    world.transactions = BreakingTransactions(memory.transactions(), unheard=1)
    with pytest.raises(ConnectionResetError):
        await world.send_posts()
    world.transactions = BreakingTransactions(memory.transactions(), unheard=1)
    with pytest.raises(ConnectionResetError):
        await world.send_mails()

    memory.at += SOON
    await world.send_posts()
    await world.send_mails()

    assert {(each.state, each.attempts) for each in await world.all()} == {(DeliveryState.SENT, 1)}
    assert (len(world.network.posted), len(world.mailer.taken)) == (1, 1)


async def test_what_began_without_hearing_so_was_not_said_and_is_given_back(memory: MemoryStore) -> None:
    world, peers = world_of(memory)
    peers.away = False
    await world.hear(RECEIPT)
    world.transactions = BreakingTransactions(memory.transactions(), unheard=2)  # leased, begun
    with pytest.raises(ConnectionResetError):
        await world.send_posts()

    memory.at += SOON
    await world.send_posts()

    assert (len(world.network.posted), world.network.looked) == (1, 0)


async def test_what_was_never_leased_gives_back_nobody_elses_lease(memory: MemoryStore) -> None:
    world, _ = world_of(memory)
    await world.hear(HELD)
    transactions = memory.transactions()
    lost: list[Leased] = []

    async def lease_in_vain() -> None:
        async with transactions.begin() as unit:
            lost.extend(await unit.deliveries.lease(CHANNELS, limit=1, lease_time=LATER))
            raise ConnectionResetError  # and it is rolled back

    with pytest.raises(ConnectionResetError):
        await lease_in_vain()
    async with transactions.begin() as unit:
        await unit.deliveries.lease(CHANNELS, limit=1, lease_time=LATER)

    await give_back(lost, transactions=transactions)

    assert (await world.one()).state is DeliveryState.SENDING


async def test_what_another_lane_took_meanwhile_is_not_given_back_though_an_earlier_try_is_in_doubt(
    memory: MemoryStore,
) -> None:
    world, peers = world_of(memory)
    peers.away = False
    await world.hear(RECEIPT)
    world.network.answers.append(UNKNOWN)
    await world.send_posts()
    memory.at += LATER
    transactions, theirs = memory.transactions(), list[Leased]()

    async def other_lane_first(step: Callable[[], Awaitable[None]]) -> None:
        async with transactions.begin() as unit:
            theirs.extend(await unit.deliveries.lease(CHANNELS, limit=1, lease_time=LATER))
        await step()

    async def lease_in_vain() -> None:
        async with leasing(transactions, other_lane_first) as (unit, leased):
            leased.extend(await unit.deliveries.lease(CHANNELS, limit=1, lease_time=LATER))
            raise ConnectionResetError  # and it is rolled back

    with pytest.raises(ConnectionResetError):
        await lease_in_vain()
    await other_lane_first(_nothing)

    assert [each.delivery.attempts for each in theirs] == [2]
    assert next(each for each in await world.all() if each.channel in CHANNELS).next_at == memory.at + LATER


async def _nothing() -> None: ...
