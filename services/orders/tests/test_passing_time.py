"""Time passes: expiry up to the cutoff, dark networks, remorse, and the limits of replies and merchants."""

from datetime import datetime, timedelta

import pytest
from services.orders.tests.orders_world import ANN, BOB, LIMITS, START, World

from kernel.ids import Network, X
from kernel.shards import SOCIAL_SHARDS
from orders.domain.change import Cause, looked_at
from orders.domain.cutoff import Hearing, Watermark, cutoff, heard, is_dark, least_watermark
from orders.domain.overdue import expire
from orders.domain.states import CancelReason, State
from orders.usecases.pass_time import EXPIRED_MAX, POLL_LEAST, POLL_MOST

BEFORE = START - timedelta(minutes=5)
LONG_AGO = START - timedelta(minutes=11)


@pytest.mark.parametrize(
    ("least", "nothing_pending", "expected"),
    [
        (START, False, START),
        (START + timedelta(hours=1), False, START),
        (BEFORE, True, BEFORE),
        (LONG_AGO, False, LONG_AGO),
        (LONG_AGO, True, START - LIMITS.dark_max),
        (None, True, START - LIMITS.dark_max),
    ],
)
def test_the_cutoff_is_the_least_watermark_and_a_dark_network_is_waited_for_ten_minutes_at_most(
    least: datetime | None,
    nothing_pending: bool,  # noqa: FBT001 - a table gives it by name
    expected: datetime,
) -> None:
    assert cutoff(least, at=START, nothing_pending=nothing_pending, limits=LIMITS) == expected - LIMITS.slack


def test_nothing_is_over_on_a_network_never_heard_while_posts_wait() -> None:
    assert cutoff(None, at=START, nothing_pending=False, limits=LIMITS) is None
    assert is_dark(None, at=START, limits=LIMITS)


def test_a_network_is_heard_when_every_shard_is() -> None:
    some = dict.fromkeys(range(SOCIAL_SHARDS - 1), START)

    assert least_watermark(some) is None
    assert least_watermark({**some, SOCIAL_SHARDS - 1: BEFORE}) == BEFORE


def test_a_watermark_counts_when_no_post_before_it_is_in_flight() -> None:
    first = heard(Hearing(), BEFORE, delivered=7, settled=5)
    later = heard(first, START, delivered=9, settled=6)
    settled = heard(later, START, delivered=9, settled=7)

    assert (first.certain, later, settled.certain) == (None, first, BEFORE)
    assert heard(settled, START, delivered=9, settled=9) == Hearing(certain=START)


def test_places_of_a_stream_made_anew_do_not_hold_time_up() -> None:
    before = heard(Hearing(), BEFORE, delivered=7_000, settled=5)

    anew = heard(before, START, delivered=3, settled=2)

    assert heard(anew, START, delivered=4, settled=3).certain == START


async def test_nothing_expires_while_a_post_is_in_the_hands_of_a_process_that_died(world: World) -> None:
    order = await world.prompted()
    world.pass_time(minutes=20)
    await world.hear(world.store.at)
    world.backlog.in_flight = True

    await world.expire()

    assert (await world.again(order)).state is State.AWAITING_CONFIRMATION


async def test_an_unconfirmed_order_expires_after_its_window_and_the_slack(world: World) -> None:
    order = await world.prompted()
    assert order.confirm_by is not None
    world.pass_time(minutes=16)
    await world.hear(order.confirm_by + LIMITS.slack - timedelta(milliseconds=1))
    await world.expire()
    assert (await world.again(order)).state is State.AWAITING_CONFIRMATION

    await world.hear(order.confirm_by + LIMITS.slack)
    await world.expire()
    await world.settle()

    assert (await world.again(order)).state is State.EXPIRED
    assert world.stock.holds[order.order_id] == "RELEASED"
    assert (await world.told())[-1] == "OrderExpired"
    assert world.window_ends == [order.confirm_by]


@pytest.mark.servers
async def test_an_order_that_somebody_decides_on_just_now_is_passed_over(postgres_world: World) -> None:
    world, order = postgres_world, await postgres_world.prompted()
    world.pass_time(minutes=20)
    await world.hear(world.store.at)

    async with world.transactions.begin() as unit:
        await unit.orders.lock([order.order_id])
        wait = await world.expire()

    assert (wait, world.window_ends) == (POLL_LEAST, [])


async def test_a_confirmation_posted_in_time_and_delivered_late_is_honoured(world: World) -> None:
    order = await world.prompted()
    await world.hear(world.store.at)
    in_time = world.post(ANN, order.confirmation_tag or "", posted_at=world.store.at + timedelta(minutes=14))
    world.pass_time(minutes=19)
    world.backlog.waiting = 1
    await world.expire()

    await world.receive(in_time)
    await world.settle()

    assert (await world.again(order)).state is State.AUTHORIZED


async def test_a_dark_network_is_waited_for_only_so_long(world: World) -> None:
    order = await world.prompted()
    world.pass_time(minutes=27)

    await world.expire()

    assert (await world.again(order)).state is State.RELEASING


async def test_what_has_expired_stays_expired(world: World) -> None:
    order = await world.prompted()
    in_time = world.post(ANN, order.confirmation_tag or "")
    world.pass_time(minutes=27)
    await world.expire()
    await world.settle()

    await world.receive(in_time)

    assert (await world.again(order)).state is State.EXPIRED
    assert (await world.told())[-1] == "ConfirmationRefused"


async def test_a_kept_confirmation_does_not_expire(world: World) -> None:
    order = await world.held()
    await world.receive(world.post(ANN, order.confirmation_tag or ""))
    world.pass_time(minutes=9)
    await world.hear(world.store.at)

    await world.expire()

    assert (await world.again(order)).state is State.PROMPTING


async def test_the_next_look_waits_for_the_next_deadline(world: World) -> None:
    order = await world.prompted()
    assert order.confirm_by is not None
    await world.hear(order.confirm_by + timedelta(hours=1))
    world.store.at = order.confirm_by + LIMITS.slack - timedelta(milliseconds=100)

    wait = await world.expire()
    world.store.at += timedelta(milliseconds=99)
    least = await world.expire()

    assert wait == timedelta(milliseconds=100)
    assert least == POLL_LEAST


async def test_with_nothing_awaited_the_look_is_the_poll(world: World) -> None:
    wait = await world.expire()

    assert wait == POLL_MOST


async def test_while_a_network_is_silent_and_posts_wait_nothing_is_over(world: World) -> None:
    await world.prompted()
    world.backlog.waiting = 3
    world.pass_time(hours=2)

    wait = await world.expire()

    assert wait == POLL_MOST


async def test_the_set_based_expiry_does_what_the_table_says(world: World) -> None:
    order = await world.prompted()
    assert order.deadline_at is not None
    world.pass_time(minutes=16)
    expected = expire(looked_at(order), order.deadline_at, Cause(at=world.store.at, limits=LIMITS, id="deadline"))

    async with world.transactions.begin() as unit:
        window_ends = await unit.orders.expire(X, cutoff_at=order.deadline_at, at=unit.at, count_max=500)
        story = await unit.orders.story(order.order_id)

    assert window_ends == [order.confirm_by]
    assert await world.again(order) == expected.order
    assert story[-1].step == expected.steps[-1]
    assert story[-1].trace_id == "0af7651916cd43dd8448eb211c80319c"


async def test_a_reply_that_never_comes_ends_the_order_after_ten_minutes(world: World) -> None:
    order = await world.held()
    world.pass_time(minutes=10)

    await world.pass_deadlines()
    await world.settle()

    after = await world.again(order)
    assert (after.state, after.reason) == (State.REFUSED, "REPLY_NOT_POSSIBLE")
    assert world.stock.holds[order.order_id] == "RELEASED"


async def test_no_order_ends_for_want_of_a_reply_while_word_of_it_waits_to_be_read(world: World) -> None:
    order = await world.held()
    posted_at = world.store.at + timedelta(seconds=2)
    confirmed_at = world.store.at + timedelta(minutes=3)
    world.pass_time(minutes=20)
    world.replies.waiting = 1
    await world.pass_deadlines()

    await world.receive(world.post(ANN, order.confirmation_tag or "", posted_at=confirmed_at))
    await world.reply(order.order_id, at=posted_at)
    await world.settle()

    assert (await world.again(order)).state is State.AUTHORIZED


async def test_other_limits_pass_while_word_of_replies_waits_to_be_read(world: World) -> None:
    waiting, authorized = await world.held(BOB), await world.authorized()
    world.pass_time(minutes=31)
    world.replies.waiting = 1

    await world.pass_deadlines()

    assert (await world.again(waiting)).state is State.PROMPTING
    assert (await world.again(authorized)).state is State.READY_TO_SHIP


async def test_a_hold_that_never_answers_ends_the_order(world: World) -> None:
    world.stock.answers_nothing = True
    order = await world.held()
    world.pass_time(minutes=10)

    await world.pass_deadlines()
    await world.settle()

    after = await world.again(order)
    assert (after.state, after.reason) == (State.REFUSED, "TOO_BUSY")


async def test_an_order_nobody_ships_is_voided_after_six_days(world: World) -> None:
    order = await world.authorized()
    world.pass_time(minutes=30)
    await world.pass_deadlines()
    world.pass_time(days=6)

    await world.pass_deadlines()
    await world.settle()

    after = await world.again(order)
    assert (after.state, after.cancel_reason) == (State.VOIDED, CancelReason.NOT_SHIPPED)
    assert world.charges.live(order.order_id) == 0


async def test_nothing_passes_before_its_time(world: World) -> None:
    order = await world.authorized()
    world.pass_time(minutes=29, seconds=59)

    more = await world.pass_deadlines()

    assert not more
    assert (await world.again(order)).state is State.AUTHORIZED


async def test_one_look_at_a_heard_network_is_enough_for_several_batches(memory_world: World) -> None:
    await memory_world.many_over(EXPIRED_MAX + 1)
    await memory_world.hear(memory_world.store.at)

    wait = await memory_world.expire()

    assert (wait, len(memory_world.window_ends)) == (POLL_LEAST, EXPIRED_MAX + 1)


async def test_a_dark_network_is_looked_at_again_before_each_batch(memory_world: World) -> None:
    await memory_world.many_over(EXPIRED_MAX + 1)

    wait = await memory_world.expire()

    assert (wait, len(memory_world.window_ends)) == (timedelta(), EXPIRED_MAX)


async def test_an_older_watermark_changes_nothing(world: World) -> None:
    await world.hear(START)
    await world.receive(watermarks=[Watermark(network=X, shard=0, at=BEFORE)])

    async with world.transactions.begin() as unit:
        assert set((await unit.watermarks.of(X)).values()) == {START}
        assert await unit.watermarks.of(Network("facebook")) == {}
