"""An empty broker: whatever told of an order is lost for good, and its row alone brings it on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import pytest
from services.orders.tests.orders_world import World
from services.orders.tests.peers_kept import ACME

from chassis.consumers import BatchConsumer
from chassis.data_testing import until
from chassis.jetstream import STREAMS, api, connect, ensure_streams
from chassis.postgres import Database
from chassis.pulling import ConsumerLostError
from chassis.unnest import fetch_unnest
from kernel.secret import Secret
from orders.domain import saga
from orders.domain.order import Order
from orders.domain.states import CancelReason, Command, State
from orders.inbound.clocks import Clocks
from orders.inbound.consumers import NOTIFIER_TYPES, SOCIAL_TYPES
from orders.inbound.social_backlog import ConsumedPosts
from orders.inbound.steps import Steps
from orders.usecases.change_order import Asked, accept_shipment, cancel_order, return_order, ship_order

pytestmark = pytest.mark.servers

NOBODY_WAITS_IN = {State.RECEIVED, State.VERIFYING}
"""No transaction leaves an order in RECEIVED, and nothing asks for a second step yet."""

STEPS_MAX = 3
"""Voided after a deadline: the limit, the void, the release; each is leased from the row, a lease after the other."""

Prepare = Callable[[World], Awaitable[Order]]


async def _holding(world: World) -> Order:
    post = world.post(tags=("buykindle",))
    await world.receive(post)
    return await world.order(post)


async def _confirmed(world: World) -> Order:
    order = await world.prompted()
    await world.receive(world.post(tags=(order.confirmation_tag,)))
    return order


async def _authorizing(world: World) -> Order:
    world.charges.loses_answers = True
    order = await _confirmed(world)
    await world.settle()
    world.charges.loses_answers = False
    return order


async def _cancelled(world: World, order: Order) -> Order:
    await cancel_order(_asked(order), CancelReason.CARDMEMBER, transactions=world.transactions, limits=world.limits)
    return order


async def _releasing(world: World) -> Order:
    return await _cancelled(world, await world.prompted())


async def _voiding(world: World) -> Order:
    return await _cancelled(world, await world.authorized())


async def _ready(world: World) -> Order:
    order = await world.authorized()
    world.pass_time(minutes=30)
    await world.pass_deadlines()
    return order


async def _shipping(world: World) -> Order:
    order = await _ready(world)
    await accept_shipment(_asked(order), ACME, transactions=world.transactions, limits=world.limits)
    return order


async def _capturing(world: World) -> Order:
    order = await _shipping(world)
    await ship_order(
        _asked(order), ACME, carrier="UPS", tracking_number="1Z", transactions=world.transactions, limits=world.limits
    )
    return order


async def _refunding(world: World) -> Order:
    order = await _capturing(world)
    await world.settle()
    await return_order(_asked(order), ACME, None, why="", transactions=world.transactions, limits=world.limits)
    return order


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """How an order comes to a state, where it goes from there by itself, and what is asked of whom for it."""

    prepare: Prepare
    becomes: State
    asks: str = ""


STUCK = {
    State.HOLDING: Stuck(prepare=_holding, becomes=State.REFUSED, asks="release"),
    State.PROMPTING: Stuck(prepare=World.held, becomes=State.REFUSED, asks="release"),
    State.AWAITING_CONFIRMATION: Stuck(prepare=World.prompted, becomes=State.EXPIRED, asks="release"),
    State.COMMITTING: Stuck(prepare=_confirmed, becomes=State.AUTHORIZED, asks="commit"),
    State.AUTHORIZING: Stuck(prepare=_authorizing, becomes=State.AUTHORIZED, asks="ask"),
    State.AUTHORIZED: Stuck(prepare=World.authorized, becomes=State.READY_TO_SHIP),
    State.READY_TO_SHIP: Stuck(prepare=_ready, becomes=State.VOIDED, asks="void"),
    State.SHIPPING: Stuck(prepare=_shipping, becomes=State.NEEDS_ATTENTION),
    State.CAPTURING: Stuck(prepare=_capturing, becomes=State.COMPLETED, asks="capture"),
    State.REFUNDING: Stuck(prepare=_refunding, becomes=State.REFUNDED, asks="refund"),
    State.RELEASING: Stuck(prepare=_releasing, becomes=State.CANCELLED, asks="release"),
    State.VOIDING: Stuck(prepare=_voiding, becomes=State.VOIDED, asks="void"),
}


@dataclass(slots=True)
class Restarted:
    """Orders after everything else is gone: its clocks and its steps, and streams with nothing in them."""

    clocks: Clocks
    steps: Steps

    async def tick(self) -> None:
        """Let every loop run once."""
        await self.clocks.expire_once()
        await self.clocks.limits_once()
        await self.steps.poll_once()
        for command in Command:
            await self.steps.run_once(command)


@pytest.fixture
async def restart(
    postgres_world: World, database: Database, fresh_nats_url: str
) -> AsyncIterator[Callable[[], Awaitable[Restarted]]]:
    nats = await connect(Secret(fresh_nats_url), name="tests")
    await ensure_streams(nats)
    world = postgres_world
    posts, replies = (
        BatchConsumer(nats, database, stream=name, durable=name, subjects=[">"], types=types, handler=_nothing)
        for name, types in (("SOCIAL", SOCIAL_TYPES), ("NOTIFIER", NOTIFIER_TYPES))
    )

    async def begin_anew() -> Restarted:
        async with database.transaction() as connection:
            await fetch_unnest(connection, "TRUNCATE outbox")
        for spec in STREAMS:
            await api(nats, f"STREAM.DELETE.{spec.name}")
        await ensure_streams(nats)  # as every service does at its start, and each relay for what it publishes to
        clocks = Clocks(
            posts=ConsumedPosts(posts), replies=replies, transactions=world.transactions, limits=world.limits
        )
        steps = Steps(peers=world.peers, transactions=world.transactions, limits=world.limits)
        await until(partial(_reads, posts))
        await until(partial(_reads, replies))
        return Restarted(clocks, steps)

    yield begin_anew
    await nats.close()


@pytest.mark.parametrize("state", STUCK)
async def test_an_order_past_its_age_is_brought_on_by_its_row_alone(
    state: State, postgres_world: World, restart: Callable[[], Awaitable[Restarted]]
) -> None:
    stuck, world = STUCK[state], postgres_world
    order = await stuck.prepare(world)
    assert (await world.again(order)).state is state
    for peer in (world.stock, world.charges):
        peer.calls.clear()

    orders = await restart()
    world.pass_time(seconds=saga.MAX_AGE[state].total_seconds())
    for _ in range(STEPS_MAX):
        await orders.tick()
        world.pass_time(seconds=world.limits.lease.total_seconds())

    assert (await world.again(order)).state is stuck.becomes
    assert not stuck.asks or stuck.asks in {*world.stock.calls, *world.charges.calls}


async def test_an_order_whose_answer_was_lost_is_asked_about_and_never_charged_again(
    postgres_world: World, restart: Callable[[], Awaitable[Restarted]]
) -> None:
    order = await _authorizing(postgres_world)
    orders = await restart()
    postgres_world.pass_time(minutes=15)

    await orders.tick()

    assert postgres_world.charges.calls.count("authorize") == 1
    assert postgres_world.charges.live(order.order_id) == 1


def test_there_is_a_test_for_every_state_that_somebody_may_wait_in() -> None:
    assert STUCK.keys() == saga.MAX_AGE.keys() - NOBODY_WAITS_IN


async def _reads(consumer: BatchConsumer) -> bool:
    with suppress(ConsumerLostError):
        await consumer.run_once(wait_seconds=0.1)
    return await consumer.pending() == 0


async def _nothing(_: object) -> None:
    return None


def _asked(order: Order) -> Asked:
    return Asked(order_id=order.order_id, request_id="r")
