"""Captures: what is taken, what lapsed meanwhile, and a peer that does not say which."""

from services.orders.tests.orders_world import World

from orders.domain.charging import ChargeState
from orders.domain.order import Order
from orders.domain.states import State


async def test_a_capture_that_lapsed_asks_for_one_new_authorization(world: World) -> None:
    order = await _captured_as(world, ChargeState.LAPSED, then=ChargeState.CAPTURED)

    after = await world.again(order)
    assert (after.state, after.charge.attempt) == (State.COMPLETED, 2)
    assert world.charges.live(order.order_id) == 1
    assert (await world.told()).count("OrderAuthorized") == 1


async def test_a_capture_that_lapsed_twice_needs_attention(world: World) -> None:
    order = await _captured_as(world, ChargeState.LAPSED, then=ChargeState.LAPSED)

    assert (await world.again(order)).state is State.NEEDS_ATTENTION
    assert (await world.told())[-1] == "OrderNeedsAttention"


async def test_a_capture_that_is_refused_is_asked_about(world: World) -> None:
    world.stock.digital = True
    order = await world.authorized()
    world.charges.set(order, ChargeState.LAPSED)

    await _remorse_over(world)

    after = await world.again(order)
    assert (after.state, after.charge.attempt) == (State.COMPLETED, 2)


async def test_a_refusal_that_cannot_be_asked_about_decides_nothing(world: World) -> None:
    world.stock.digital = True
    order = await world.authorized()
    world.charges.set(order, ChargeState.LAPSED)
    world.charges.loses_questions = True
    await _remorse_over(world)
    unasked = await world.again(order)

    world.charges.loses_questions = False
    await world.later()

    after = await world.again(order)
    assert (unasked.state, unasked.charge.attempt) == (State.CAPTURING, 1)
    assert (after.state, after.charge.attempt) == (State.COMPLETED, 2)


async def _remorse_over(world: World) -> None:
    world.pass_time(minutes=31)
    await world.pass_deadlines()
    await world.settle()


async def _captured_as(world: World, first: ChargeState, *, then: ChargeState) -> Order:
    world.stock.digital = True
    order = await world.authorized()
    world.charges.captures_as = first
    world.charges.after_capture = then
    await _remorse_over(world)
    return order
