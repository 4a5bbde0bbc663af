"""Captures, voids, refunds and the ledger, the same on memory and on PostgreSQL."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from services.payments.tests.payments_world import PRICE, World, asking, charge_of, reason_of, refund_asked

from kernel.ids import ChargeId
from payments.domain.charge import ChargeState
from payments.domain.outcome import Declined, Gone, Unknown
from payments.usecases.begin_endings import EndingAsked
from payments.usecases.begin_refund import RefundStanding, read_refund
from payments.usecases.read_charges import batch_get_charges, list_ledger


@pytest.fixture(autouse=True)
async def _cards(world: World) -> None:
    await world.card()


async def test_a_capture_takes_the_amount_once(world: World) -> None:
    charge = await world.authorized()

    taken, again = await world.capture(charge), await world.capture(charge)

    assert taken == again
    assert (taken.state, taken.captured_minor) == (ChargeState.CAPTURED, PRICE.amount_minor)
    assert await world.kinds(charge) == ["AUTHORIZE", "CAPTURE"]


async def test_the_same_charge_twice_in_a_batch_is_taken_once(world: World) -> None:
    charge = await world.authorized()
    asked = EndingAsked(charge_id=charge.charge_id)

    await world.desk().capture([asked, asked])

    assert await world.kinds(charge) == ["AUTHORIZE", "CAPTURE"]


async def test_only_what_is_authorized_can_be_taken(world: World) -> None:
    unknown = EndingAsked(charge_id=ChargeId(uuid4()))
    charge = await world.authorized()
    await world.void(charge.charge_id)

    answers = await world.desk().capture([unknown, EndingAsked(charge_id=charge.charge_id)])

    assert [reason_of(each) for each in answers] == ["CHARGE_NOT_FOUND", "CHARGE_NOT_AUTHORIZED"]


async def test_a_declined_capture_gives_the_hold_back_and_lapses(world: World) -> None:
    charge = await world.authorized()
    world.processor.answer = Declined(code="do_not_honor")
    pending = await world.capture(charge)
    world.processor.answer = None

    await world.settle()
    lapsed = await world.now(charge)

    assert (pending.state, world.wakes) == (ChargeState.LAPSING, 1)
    assert (lapsed.state, lapsed.decline_code) == (ChargeState.LAPSED, "do_not_honor")
    assert await world.kinds(charge) == ["AUTHORIZE", "LAPSE"]


async def test_a_capture_of_a_lapsed_hold_lapses(world: World) -> None:
    charge = await world.authorized()
    world.processor.answer = Gone(code="authorization_expired")

    lapsed = await world.capture(charge)
    world.processor.answer = None
    again = charge_of((await world.authorize(asking(charge.order_id, attempt=2)))[0])

    assert (lapsed.state, lapsed.decline_code) == (ChargeState.LAPSED, "authorization_expired")
    assert again.state is ChargeState.AUTHORIZED
    assert await world.kinds(charge) == ["AUTHORIZE", "LAPSE", "AUTHORIZE"]


async def test_a_void_gives_the_authorization_back_once(world: World) -> None:
    charge = await world.authorized()

    voided, again = await world.void(charge.charge_id), await world.void(charge.charge_id)

    assert voided == again
    assert charge_of(voided).state is ChargeState.VOIDED
    assert await world.kinds(charge) == ["AUTHORIZE", "VOID"]


async def test_a_void_in_flight_is_remembered_and_done_as_soon_as_it_is_known(world: World) -> None:
    world.processor.loses_answers = True
    charge = await world.authorized()
    world.processor.loses_answers = False

    first, second = await world.void(charge.charge_id), await world.void(charge.charge_id)
    await world.settle()

    assert (charge_of(first).state, charge_of(first).void_wanted) == (ChargeState.AUTHORIZING, True)
    assert first == second
    assert (await world.now(charge)).state is ChargeState.VOIDED
    assert await world.kinds(charge) == ["AUTHORIZE", "VOID"]


async def test_a_void_of_what_was_never_set_aside_changes_nothing(world: World) -> None:
    world.processor.answer = Declined(code="insufficient_funds")
    declined = await world.authorized()

    assert await world.void(declined.charge_id) == declined
    assert reason_of(await world.void(ChargeId(uuid4()))) == "CHARGE_NOT_FOUND"


async def test_a_void_of_a_hold_that_is_gone_lapses(world: World) -> None:
    charge = await world.authorized()
    world.processor.answer = Gone(code="authorization_expired")

    lapsed = charge_of(await world.void(charge.charge_id))
    again = await world.void(charge.charge_id)

    assert lapsed.state is ChargeState.LAPSED
    assert again == lapsed


async def test_a_void_is_never_declined_for_good(world: World) -> None:
    charge = await world.authorized()
    world.processor.answer = Declined(code="try_later")

    pending = charge_of(await world.void(charge.charge_id))

    assert pending.state is ChargeState.VOIDING
    assert await world.void(charge.charge_id) == pending


async def test_a_captured_charge_is_not_voided(world: World) -> None:
    charge = await world.captured()

    assert reason_of(await world.void(charge.charge_id)) == "CHARGE_CAPTURED"


async def test_refunds_give_back_parts_until_all_is_given(world: World) -> None:
    charge = await world.captured()

    part = await world.refund(charge, 5_000)
    whole = await world.refund(charge, PRICE.amount_minor - 5_000)

    assert isinstance(part, RefundStanding)
    assert (part.charge.state, part.charge.refunded_minor, part.pending) == (ChargeState.CAPTURED, 5_000, False)
    assert isinstance(whole, RefundStanding)
    assert whole.charge.state is ChargeState.REFUNDED
    assert await world.kinds(charge) == ["AUTHORIZE", "CAPTURE", "REFUND", "REFUND"]


async def test_a_refund_asked_again_is_given_once_and_other_contents_are_refused(world: World) -> None:
    charge, request_id = await world.captured(), uuid4()

    first = await world.refund(charge, 5_000, request_id=request_id)
    second = await world.refund(charge, 5_000, request_id=request_id)
    other = await world.refund(charge, 6_000, request_id=request_id)

    assert first == second
    assert reason_of(other) == "REQUEST_ID_REUSED"


async def test_concurrent_refunds_never_exceed_what_was_taken(world: World) -> None:
    charge = await world.captured()

    answers = await asyncio.gather(*(world.refund(charge, 5_000) for _ in range(8)))
    now = await world.now(charge)

    assert sum(isinstance(each, RefundStanding) for each in answers) == 2
    assert {reason_of(each) for each in answers if not isinstance(each, RefundStanding)} == {"REFUND_ABOVE_CAPTURED"}
    assert now.refunded_minor == 10_000


async def test_a_refund_under_way_counts_until_it_is_known(world: World) -> None:
    charge = await world.captured()
    world.processor.loses_answers = True

    pending = await world.refund(charge, 10_000)
    above = await world.refund(charge, 10_000)
    await world.settle()
    now = await world.now(charge)

    assert isinstance(pending, RefundStanding)
    assert pending.pending
    assert reason_of(above) == "REFUND_ABOVE_CAPTURED"
    assert (now.refunded_minor, now.refunding_minor) == (10_000, 0)


async def test_a_declined_refund_is_told_again_and_frees_the_amount(world: World) -> None:
    charge, request_id = await world.captured(), uuid4()
    world.processor.answer = Declined(code="capture_declined")

    first = await world.refund(charge, 10_000, request_id=request_id)
    second = await world.refund(charge, 10_000, request_id=request_id)
    world.processor.answer = None
    other = await world.refund(charge, PRICE.amount_minor)

    assert [reason_of(first), reason_of(second)] == ["REFUND_DECLINED", "REFUND_DECLINED"]
    assert isinstance(other, RefundStanding)


async def test_only_what_was_taken_is_given_back_in_its_currency(world: World) -> None:
    authorized, captured = await world.authorized(), await world.captured()
    unknown = replace(captured, charge_id=ChargeId(uuid4()))

    euros = await world.desk().refund(
        replace(refund_asked(captured), amount=replace(PRICE, amount_minor=1, currency_code="EUR"))
    )

    assert reason_of(await world.refund(authorized, 1)) == "CHARGE_NOT_CAPTURED"
    assert reason_of(await world.refund(unknown, 1)) == "CHARGE_NOT_FOUND"
    assert reason_of(euros) == "INVALID_FIELD"
    assert reason_of(await read_refund(refund_asked(captured), transactions=world.transactions)) == "CHARGE_NOT_FOUND"


async def test_an_unknown_outcome_is_asked_for_again_and_again(world: World) -> None:
    world.processor.answer = Unknown(why="already_captured")
    charge = await world.authorized()

    await world.settle()
    await world.settle()

    assert (await world.now(charge)).state is ChargeState.AUTHORIZING
    assert len(world.processor.sent) == 1


async def test_the_ledger_is_read_in_pages_and_by_order(world: World) -> None:
    first, second = await world.captured(), await world.authorized()

    page = await list_ledger(order_id=None, after=0, limit=2, transactions=world.transactions)
    rest = await list_ledger(order_id=None, after=page[-1].sequence, limit=2, transactions=world.transactions)
    unknown = await batch_get_charges([(second.order_id, 2)], transactions=world.transactions)

    assert [each.transfer.order_id for each in [*page, *rest]] == [first.order_id, first.order_id, second.order_id]
    assert reason_of(unknown[0]) == "CHARGE_NOT_FOUND"
