"""Consumers: what messages of the other services become, and what is left alone."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from google.protobuf.message import Message
from services.orders.tests.orders_world import ANN, TAG, World
from services.orders.tests.peers_kept import link_of

from chassis.data_testing import until
from chassis.messages import ReceivedMessage, RetryAfter, inbox_id
from hashtill.identity.v1.events_pb2 import LinkEnded, LinkFrozen
from hashtill.notifier.v1 import delivery_pb2
from hashtill.notifier.v1.events_pb2 import ReplyFailed, ReplyPosted
from hashtill.payments.v1 import charge_pb2
from hashtill.payments.v1.events_pb2 import ChargeDeclined
from hashtill.social.v1.social_post_pb2 import POST_KIND_POST, SocialPost
from kernel.ids import LinkId, X
from orders.domain.charging import ChargeState
from orders.domain.states import State
from orders.inbound.clocks import Clocks
from orders.inbound.consumers import TAG_LAG_DELIVERIES, Consumers
from orders.usecases.pass_time import EXPIRED_MAX


@pytest.fixture
def consumers(memory_world: World) -> Consumers:
    return Consumers(
        is_known=memory_world.known.__contains__,
        links=memory_world.links,
        transactions=memory_world.transactions,
        limits=memory_world.limits,
    )


async def test_a_charges_event_ends_what_its_answer_left_open(consumers: Consumers, memory_world: World) -> None:
    memory_world.charges.loses_answers = True
    order = await memory_world.authorized()
    seen = memory_world.charges.charges[order.order_id, 1]
    charge = charge_pb2.Charge(
        charge_id=str(seen.charge_id), order_id=str(order.order_id), attempt=1, decline_code="insufficient_funds"
    )
    charge.state = charge_pb2.CHARGE_STATE_DECLINED

    await consumers.payments([_message(memory_world, ChargeDeclined(charge=charge))])

    after = await memory_world.again(order)
    assert (after.state, after.ends_as, after.reason) == (State.RELEASING, State.DECLINED, "insufficient_funds")
    assert seen.state is ChargeState.AUTHORIZED


@pytest.mark.parametrize("event_type", [LinkFrozen, LinkEnded])
async def test_a_lost_link_takes_back_and_one_without_a_card_has_no_orders(
    consumers: Consumers, memory_world: World, event_type: type[LinkFrozen | LinkEnded]
) -> None:
    order = await memory_world.prompted()
    cardless = event_type(network="x", network_user_id=ANN)
    lost = event_type(link_id=str(order.link_id), cardmember_id=str(order.cardmember_id))

    await consumers.identity([_message(memory_world, cardless)])
    assert (await memory_world.again(order)).state is State.AWAITING_CONFIRMATION
    await consumers.identity([_message(memory_world, lost)])

    assert (await memory_world.again(order)).reason == "LINK_ENDED"


async def test_the_end_of_a_former_link_that_is_told_late_takes_back_nothing_of_its_successor(
    consumers: Consumers, memory_world: World
) -> None:
    former = link_of(ANN)
    memory_world.links.links[X, ANN] = replace(former, link_id=LinkId(uuid4()))
    order = await memory_world.prompted()

    relinked = LinkEnded(
        link_id=str(former.link_id), cardmember_id=str(former.cardmember_id), network=X, network_user_id=ANN
    )
    await consumers.identity([_message(memory_world, relinked)])

    assert (await memory_world.again(order)).state is State.AWAITING_CONFIRMATION


async def test_only_a_prompts_reply_counts(consumers: Consumers, memory_world: World) -> None:
    order = await memory_world.held()
    receipt = ReplyPosted(purpose=delivery_pb2.PURPOSE_RECEIPT, order_id=str(order.order_id), post_id="9")
    failed = ReplyFailed(purpose=delivery_pb2.PURPOSE_PROMPT, order_id=str(order.order_id), reason="POST_GONE")

    await consumers.notifier([_message(memory_world, receipt)])
    assert (await memory_world.again(order)).state is State.PROMPTING
    await consumers.notifier([_message(memory_world, failed)])

    assert (await memory_world.again(order)).state is State.RELEASING


async def test_a_post_of_an_unknown_kind_is_skipped_and_one_of_unknown_tags_comes_again_twice(
    consumers: Consumers, memory_world: World
) -> None:
    future = SocialPost(network="x", post_id="1", author_id=ANN, tags=[TAG])
    future.kind = 99  # type: ignore[assignment] # a number from the future
    unknown = SocialPost(network="x", post_id="2", author_id=ANN, tags=["sunset"], kind=POST_KIND_POST)

    first = await consumers.social([_message(memory_world, future), _message(memory_world, unknown)])
    last = await consumers.social([_message(memory_world, unknown, deliveries=TAG_LAG_DELIVERIES + 1)])

    assert [type(outcome) for outcome in first.values()] == [RetryAfter]
    assert last == {}
    assert await memory_world.told() == []


async def test_a_post_of_ten_kilobytes_and_fifty_tags_is_read_like_any_other(
    consumers: Consumers, memory_world: World
) -> None:
    tags = [TAG, *(f"{'x' * 200}{number}" for number in range(49))]
    post = SocialPost(network="x", post_id="3", author_id=ANN, author_handle="h" * 10_000, tags=tags)
    post.kind = POST_KIND_POST
    post.posted_at.FromDatetime(memory_world.store.at)

    await consumers.social([_message(memory_world, post)])
    await memory_world.settle()

    assert await memory_world.told() == ["OrderHeld"]


async def test_several_lanes_expire_a_backlog_and_each_order_once(memory_world: World) -> None:
    count = 2 * EXPIRED_MAX + 1
    await memory_world.many_over(count)
    clocks, stop = _clocks(memory_world), asyncio.Event()

    running = asyncio.create_task(clocks.run_expiry(stop))
    await until(lambda: _none_awaits(memory_world))
    stop.set()
    await running
    await memory_world.poll()

    assert (await memory_world.told()).count("OrderExpired") == count


async def _none_awaits(world: World) -> bool:
    async with world.transactions.begin() as unit:
        return not await unit.orders.first_deadlines()


def _clocks(world: World) -> Clocks:
    return Clocks(posts=world.backlog, replies=world.replies, transactions=world.transactions, limits=world.limits)


def _message(world: World, event: Message, *, deliveries: int = 1) -> ReceivedMessage:
    world.pass_time(microseconds=1)
    return ReceivedMessage(
        message_id=inbox_id(name=f"c{world.store.at.timestamp()}", at=world.store.at),
        type=event.DESCRIPTOR.full_name,
        event=event,
        aggregate="a",
        version=1,
        at=world.store.at,
        traceparent=None,
        subject="",
        deliveries=deliveries,
        sequence=1,
    )
