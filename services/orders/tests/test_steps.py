"""Steps: peers that are away, answers that are lost, processes that die, and charges that fall."""

from dataclasses import replace

import pytest
from services.orders.tests.orders_world import ANN, BOB, TAG, UNKNOWN, World, message_id
from services.orders.tests.peers_kept import no

from orders.domain.change import Cause, looked_at
from orders.domain.charging import ChargeState, apply_charge
from orders.domain.holding import apply_lost_link
from orders.domain.order import Refund
from orders.domain.purchasing import LinkStatus
from orders.domain.states import Command, State
from orders.inbound.steps import Steps
from orders.usecases.follow_orders import ChargeTold, apply_charges
from orders.usecases.take_steps import PAUSE_AWAY_SECONDS, PAUSE_MOST_SECONDS, STEPS_MAX

TRIES = 8
"""Enough for the longest pause: half a second doubled six times is above it."""


async def test_a_peer_that_is_away_is_asked_again_later(world: World) -> None:
    world.stock.away = True
    order = await world.held()
    assert order.state is State.HOLDING

    world.stock.away = False
    await world.later()

    assert (await world.again(order)).state is State.PROMPTING


async def test_a_step_whose_process_died_is_taken_by_another_when_the_lease_runs_out(world: World) -> None:
    post = world.post(ANN, TAG)
    await world.receive(post)
    other = Steps(peers=world.peers, transactions=world.transactions, limits=world.limits)

    await other.poll_once()
    still_leased = await other.run_once(Command.HOLD)
    world.pass_time(seconds=10)
    await other.poll_once()
    taken = await other.run_once(Command.HOLD)

    assert (still_leased, taken) == (0, 1)
    assert (await world.order(post)).state is State.PROMPTING


@pytest.mark.parametrize(("seconds", "taken_by_another"), [(0.5, 1), (2.0, 0), (31.0, 1)])
async def test_a_step_under_way_keeps_its_lease_until_it_hangs(
    world: World, seconds: float, taken_by_another: int
) -> None:
    ticks = iter([0.0, seconds])
    slow = Steps(peers=world.peers, transactions=world.transactions, limits=world.limits, clock=lambda: next(ticks))
    other = Steps(peers=world.peers, transactions=world.transactions, limits=world.limits)
    post = world.post(ANN, TAG)
    await world.receive(post)
    slow.offer([await world.order(post)])

    world.pass_time(seconds=2)
    await slow.keep_once()
    world.pass_time(seconds=2)
    await other.poll_once()

    assert await other.run_once(Command.HOLD) == taken_by_another


async def test_a_step_that_is_done_needs_no_lease(world: World) -> None:
    ticks = iter([0.0, 2.0])
    steps = Steps(peers=world.peers, transactions=world.transactions, limits=world.limits, clock=lambda: next(ticks))
    post = world.post(ANN, TAG)
    await world.receive(post)
    steps.offer([await world.order(post)])
    await steps.run_once(Command.HOLD)
    done = await world.order(post)

    await steps.keep_once()

    assert await world.order(post) == done
    assert done.state is State.PROMPTING


async def test_a_lost_answer_is_asked_for_by_key_and_never_sent_again(world: World) -> None:
    world.charges.loses_answers = True
    order = await world.authorized()

    world.charges.loses_answers = False
    await world.later()

    assert (await world.again(order)).state is State.AUTHORIZED
    assert world.charges.calls == ["authorize", "ask"]


async def test_an_authorization_that_payments_never_heard_of_is_sent_anew_by_the_same_key(world: World) -> None:
    world.charges.away = True
    order = await world.authorized()

    world.charges.away = False
    await world.later()

    assert (await world.again(order)).state is State.AUTHORIZED
    assert world.charges.calls == ["authorize", "ask", "authorize"]
    assert list(world.charges.charges) == [(order.order_id, 1)]


async def test_the_event_moves_the_order_where_the_answer_was_lost_and_the_second_of_them_changes_nothing(
    world: World,
) -> None:
    world.charges.loses_answers = True
    order = await world.authorized()

    seen = world.charges.charges[order.order_id, 1]
    for _ in range(2):
        told = ChargeTold(message_id=message_id(world), order_id=order.order_id, seen=seen)
        await apply_charges([told], transactions=world.transactions, limits=world.limits)
    await world.later()

    assert (await world.told()).count("OrderAuthorized") == 1


async def test_a_charge_of_an_unknown_order_changes_nothing(world: World) -> None:
    order = await world.authorized()
    seen = world.charges.charges[order.order_id, 1]
    unknown = UNKNOWN
    told = ChargeTold(message_id=message_id(world), order_id=unknown, seen=seen)

    await apply_charges([told], transactions=world.transactions, limits=world.limits)
    await world.reply(unknown)

    assert await world.again(order) == order


async def test_a_link_frozen_between_confirmation_and_commit_cancels(world: World) -> None:
    frozen, active = await world.prompted(), await world.prompted(BOB)
    world.link(ANN, LinkStatus.FROZEN)

    await world.receive(world.post(ANN, frozen.confirmation_tag or ""), world.post(BOB, active.confirmation_tag or ""))
    await world.settle()

    after = await world.again(frozen)
    assert (after.state, after.reason) == (State.CANCELLED, "LINK_ENDED")
    assert world.charges.live(frozen.order_id) == 0
    assert (await world.again(active)).state is State.AUTHORIZED


@pytest.mark.parametrize(
    ("reason", "state"), [("CARD_NOT_FOUND", State.DECLINED), ("CHARGE_DIFFERS", State.NEEDS_ATTENTION)]
)
async def test_a_card_that_is_gone_declines_and_a_contradiction_needs_attention(
    world: World, reason: str, state: State
) -> None:
    world.charges.refusal = no(reason)

    order = await world.authorized()

    assert (order.state, order.reason) == (state, reason)


async def test_a_void_or_refund_that_is_refused_needs_attention(world: World) -> None:
    world.stock.digital = True
    order = await world.authorized()
    world.charges.set(order, ChargeState.LAPSED)
    lapsed = world.charges.charges[order.order_id, 1]
    world.charges.refusal = no("CHARGE_CAPTURED")

    told = ChargeTold(message_id=message_id(world), order_id=order.order_id, seen=lapsed)
    await apply_charges([told], transactions=world.transactions, limits=world.limits)
    await world.settle()

    after = await world.again(order)
    assert (after.state, after.reason) == (State.NEEDS_ATTENTION, "CHARGE_CAPTURED")


@pytest.mark.parametrize("state", [ChargeState.DECLINED, ChargeState.LAPSED, ChargeState.VOIDED])
async def test_a_void_of_what_holds_nothing_any_more_is_done(memory_world: World, state: ChargeState) -> None:
    order = await memory_world.authorized()
    voiding = replace(order, state=State.VOIDING, next_step_at=order.updated_at)
    seen = replace(memory_world.charges.charges[order.order_id, 1], state=state)

    moved = apply_charge(looked_at(voiding), seen, Cause(at=memory_world.store.at, limits=memory_world.limits))

    assert (moved.order.state, moved.order.ends_as) == (State.RELEASING, State.VOIDED)


async def test_answers_that_come_after_the_order_moved_on_move_nothing(memory_world: World) -> None:
    change = looked_at(await memory_world.authorized())
    cause = Cause(at=memory_world.store.at, limits=memory_world.limits)
    refunding = looked_at(replace(change.order, state=State.REFUNDING, refund=Refund(asked_minor=100)))
    captured = replace(memory_world.charges.charges[change.order.order_id, 1], state=ChargeState.CAPTURED)

    assert apply_lost_link(change, cause) is change
    assert apply_charge(refunding, captured, cause) is refunding


async def test_a_charge_of_another_attempt_moves_nothing(memory_world: World) -> None:
    order = await memory_world.authorized()
    seen = replace(memory_world.charges.charges[order.order_id, 1], attempt=2, state=ChargeState.LAPSED)
    change = looked_at(order)

    assert apply_charge(change, seen, Cause(at=memory_world.store.at, limits=memory_world.limits)) is change


async def test_a_batch_that_fails_is_done_one_by_one_so_that_only_the_guilty_one_waits(world: World) -> None:
    guilty, innocent = world.post(ANN, TAG), world.post(BOB, TAG)
    await world.receive(guilty, innocent)
    poison = (await world.order(guilty)).order_id
    world.stock.holds = _Poisoned(poison)

    await world.settle()

    assert (await world.order(guilty)).state is State.HOLDING
    assert (await world.order(innocent)).state is State.PROMPTING


async def test_a_postponed_step_waits_longer_each_time(world: World) -> None:
    world.stock.away = True
    order = await world.held()
    first = order.next_step_at

    for _ in range(5):
        await world.later()
    later = await world.again(order)

    assert later.attempts == 5
    assert later.next_step_at is not None
    assert first is not None
    assert (later.next_step_at - world.store.at) > (first - order.updated_at)


async def test_a_long_outage_of_a_peer_is_not_followed_by_a_long_pause(world: World) -> None:
    post = world.post(ANN, TAG)
    await world.receive(post)
    known = (await world.order(post)).order_id
    pauses = {}

    for away, holds in ((True, world.stock.holds), (False, _Poisoned(known))):
        world.stock.away, world.stock.holds = away, holds
        for _ in range(TRIES):
            await world.later()
        order = await world.order(post)
        assert order.next_step_at is not None
        pauses[away] = (order.next_step_at - world.store.at).total_seconds()

    assert pauses[True] <= PAUSE_AWAY_SECONDS < PAUSE_MOST_SECONDS / 2 <= pauses[False]


async def test_the_poll_leases_nothing_more_while_its_queues_are_full(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.inbound.steps.WAITING_MAX", STEPS_MAX)
    post = world.post(ANN, TAG)
    await world.receive(post)
    world.pass_time(minutes=1)

    more = await world.steps.poll_once()

    assert not more
    assert (await world.order(post)).attempts == 0


class _Poisoned(dict):  # type: ignore[type-arg] # stands in for the holds, and breaks on one of them
    def __init__(self, poison: object) -> None:
        super().__init__()
        self.poison = poison

    def __contains__(self, key: object) -> bool:
        if key == self.poison:
            raise RuntimeError("nobody foresaw this")
        return super().__contains__(key)
