"""Authorizations, the same on memory and on PostgreSQL: one a key, whatever is lost on the way."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from services.payments.tests.payments_world import PRICE, World, asking, charge_of, reason_of

from kernel.ids import CardToken, MerchantId, OrderId
from payments.domain.charge import ChargeState
from payments.domain.outcome import Declined

OTHER = CardToken("tok_2")


@pytest.fixture(autouse=True)
async def _cards(world: World) -> None:
    await world.card()
    await world.card(OTHER)


async def test_an_authorization_sets_the_amount_aside_and_is_entered_once(world: World) -> None:
    charge = await world.authorized()

    assert charge.state is ChargeState.AUTHORIZED
    assert (charge.card_last4, charge.network_reference) == ("0005", "net-1")
    assert await world.kinds(charge) == ["AUTHORIZE"]


async def test_a_repeat_gets_the_same_charge_and_sends_nothing(world: World) -> None:
    order_id = OrderId(uuid4())

    first, second = await world.authorized(order_id), await world.authorized(order_id)

    assert first == second
    assert len(world.processor.sent) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount": replace(PRICE, amount_minor=1)},
        {"card_token": OTHER},
        {"merchant_id": MerchantId("other")},
        {"statement_descriptor": "OTHER"},
    ],
)
async def test_a_repeat_with_other_contents_differs(world: World, change: dict[str, object]) -> None:
    charge = await world.authorized()

    answer = (await world.authorize(asking(charge.order_id, **change)))[0]

    assert reason_of(answer) == "CHARGE_DIFFERS"


async def test_a_batch_is_answered_item_by_item_in_order(world: World) -> None:
    order_id = OrderId(uuid4())

    answers = await world.authorize(
        asking(),
        asking(card_token=CardToken("tok_none")),
        asking(order_id),
        asking(order_id),
        asking(order_id, attempt=2),
    )

    assert charge_of(answers[0]).state is ChargeState.AUTHORIZED
    assert reason_of(answers[1]) == "CARD_NOT_FOUND"
    assert charge_of(answers[2]).charge_id == charge_of(answers[3]).charge_id
    assert reason_of(answers[4]) == "ATTEMPT_NOT_NEXT"


async def test_fifty_parallel_identical_requests_make_one_authorization(world: World) -> None:
    order_id, desks = OrderId(uuid4()), [world.desk() for _ in range(5)]

    answers = await asyncio.gather(*(desks[n % 5].authorize([asking(order_id)]) for n in range(50)))
    now = await world.authorized(order_id)

    assert {charge_of(answer[0]).charge_id for answer in answers} == {now.charge_id}
    assert now.state is ChargeState.AUTHORIZED
    assert len(world.processor.sent) == 1
    assert await world.kinds(now) == ["AUTHORIZE"]


async def test_a_decline_is_a_charge_and_opens_the_next_attempt(world: World) -> None:
    world.processor.answer = Declined(code="insufficient_funds")
    declined = await world.authorized()
    world.processor.answer = None

    again = charge_of((await world.authorize(asking(declined.order_id, attempt=2)))[0])
    third = (await world.authorize(asking(declined.order_id, attempt=3)))[0]

    assert (declined.state, declined.decline_code) == (ChargeState.DECLINED, "insufficient_funds")
    assert again.state is ChargeState.AUTHORIZED
    assert reason_of(third) == "ATTEMPT_NOT_NEXT"
    assert await world.kinds(declined) == ["AUTHORIZE"]


async def test_an_attempt_without_the_one_before_is_refused(world: World) -> None:
    assert reason_of((await world.authorize(asking(attempt=2)))[0]) == "ATTEMPT_NOT_NEXT"


async def test_a_lost_answer_is_asked_for_by_key_and_never_sent_again(world: World) -> None:
    world.processor.loses_answers = True
    pending = await world.authorized()

    await world.settle()

    assert pending.state is ChargeState.AUTHORIZING
    assert (await world.now(pending)).state is ChargeState.AUTHORIZED
    assert len(world.processor.sent) == 1
    assert await world.kinds(pending) == ["AUTHORIZE"]


async def test_what_the_processor_never_heard_is_sent_again_under_the_same_key(world: World) -> None:
    world.processor.hears = False
    pending = await world.authorized()
    world.processor.hears = True

    await world.settle()

    assert (await world.now(pending)).state is ChargeState.AUTHORIZED
    assert len(set(world.processor.sent)) == 1


async def test_dying_between_the_call_and_its_result_is_healed_by_key(world: World) -> None:
    world.processor.fails = RuntimeError("died after the call")
    pending = await world.authorized()
    world.processor.fails = None

    await world.settle()

    assert pending.state is ChargeState.AUTHORIZING
    assert (await world.now(pending)).state is ChargeState.AUTHORIZED
    assert len(world.processor.done) == 1


async def test_an_answer_that_comes_too_late_leaves_the_charge_pending(world: World) -> None:
    desk, world.processor.answers_when = world.desk(answer_seconds=0.05), asyncio.Event()

    charge = charge_of((await desk.authorize([asking()]))[0])
    world.processor.answers_when.set()
    await desk.drain()

    assert charge.state is ChargeState.AUTHORIZING
    assert (await world.now(charge)).state is ChargeState.AUTHORIZED
