"""A peer that is away for a moment costs that moment: what was leased meanwhile waits a second, not for its lease."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from services.notifier.tests.notifier_world import ANN, NOW, RECIPIENT, ToldPeers, World, link_news, order_news

from kernel.ids import CardmemberId, OrderId
from notifier.domain.delivery import DeliveryState
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.outbound.memory import MemoryStore
from notifier.usecases.ports import NotPosted, PostAnswer, Recipient

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

    assert (in_doubt.state, in_doubt.attempts) == (DeliveryState.SENDING, 1)
    assert world.network.looked == 1
