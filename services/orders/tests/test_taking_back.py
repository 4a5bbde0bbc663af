"""Taking back: cancel, "not me" and lost links in every state, and what the merchant may do when."""

import pytest
from services.orders.tests.orders_world import BOB, UNKNOWN, World, message_id
from services.orders.tests.peers_kept import ACME, no, usd

from kernel.ids import MerchantId
from kernel.refusals import Refusal
from orders.domain.charging import ChargeState
from orders.domain.order import ConfirmationKind, Order
from orders.domain.states import CancelReason, State
from orders.usecases.change_order import (
    Asked,
    accept_shipment,
    cancel_order,
    confirm_order,
    return_order,
    ship_order,
)
from orders.usecases.follow_orders import LinkLost, lose_links


async def test_an_order_is_cancelled_before_it_is_authorized(world: World) -> None:
    order = await world.prompted()

    await _cancel(world, order)
    await world.settle()

    assert (await world.again(order)).state is State.CANCELLED
    assert world.stock.holds[order.order_id] == "RELEASED"
    assert (await world.told())[-1] == "OrderCancelled"


async def test_an_authorized_order_is_voided_and_its_unit_given_back(world: World) -> None:
    order = await world.authorized()

    await _cancel(world, order)
    await world.settle()

    assert (await world.again(order)).state is State.VOIDED
    assert world.stock.holds[order.order_id] == "RELEASED"
    assert world.charges.live(order.order_id) == 0
    assert (await world.told())[-1] == "OrderVoided"


async def test_an_order_taken_back_while_the_card_is_asked_is_voided_when_the_answer_is_known(world: World) -> None:
    world.charges.loses_answers = True
    order = await world.authorized()
    assert order.state is State.AUTHORIZING
    await _cancel(world, order)

    world.charges.loses_answers = False
    world.pass_time(minutes=1)
    await world.steps.poll_once()
    await world.settle()

    assert (await world.again(order)).state is State.VOIDED
    assert world.charges.live(order.order_id) == 0
    assert world.charges.calls.count("authorize") == 1


async def test_taking_back_twice_changes_nothing(world: World) -> None:
    order = await world.authorized()
    first = await _cancel(world, order)

    again = await _cancel(world, order)
    await world.settle()
    after = await _cancel(world, order)

    assert again == first
    assert isinstance(after, Order)


async def test_not_me_is_heard_in_every_state_and_once(world: World) -> None:
    order = await _shipping(world)

    for _ in range(2):
        answered = await _cancel(world, order, CancelReason.NOT_ME)

    assert isinstance(answered, Order)
    assert answered.state is State.SHIPPING
    assert (await world.told()).count("OrderDisowned") == 1


async def test_not_me_also_takes_back(world: World) -> None:
    order = await world.authorized()

    await _cancel(world, order, CancelReason.NOT_ME)
    await _cancel(world, order, CancelReason.NOT_ME)
    await world.settle()

    assert (await world.again(order)).cancel_reason is CancelReason.NOT_ME
    assert (await world.again(order)).state is State.VOIDED


async def test_what_the_merchant_took_on_is_returned_not_cancelled(world: World) -> None:
    order = await _shipping(world)

    refused = await _cancel(world, order)

    assert isinstance(refused, Refusal)
    assert refused.reason == "ALREADY_SHIPPING"


async def test_an_order_that_is_over_cannot_be_taken_back_or_confirmed(world: World) -> None:
    world.stock.units = 0
    order = await world.held()

    taken_back, confirmed = await _cancel(world, order), await _confirm(world, order)

    assert _reasons(taken_back, confirmed) == ["ORDER_OVER", "ORDER_OVER"]


async def test_a_confirmation_by_button_needs_the_link_and_the_time(world: World) -> None:
    order = await world.prompted()

    unlinked = await _confirm(world, order, link_is_active=False)
    world.pass_time(minutes=16)
    late = await _confirm(world, order)

    assert _reasons(unlinked, late) == ["LINK_NOT_ACTIVE", "TOO_LATE"]


async def test_confirming_what_is_confirmed_succeeds(world: World) -> None:
    order = await world.authorized()

    assert await _confirm(world, order) == order


async def test_a_lost_link_takes_back_what_is_open_by_it(world: World) -> None:
    open_order, shipping = await world.prompted(), await _shipping(world)
    other = await world.prompted(BOB)

    for _ in range(2):
        lost = LinkLost(
            message_id=message_id(world), cardmember_id=open_order.cardmember_id, link_id=open_order.link_id
        )
        await lose_links([lost], transactions=world.transactions, limits=world.limits)
    await world.settle()

    after = await world.again(open_order)
    assert (after.state, after.reason) == (State.CANCELLED, "LINK_ENDED")
    assert (await world.again(shipping)).state is State.SHIPPING
    assert (await world.again(other)).state is State.AWAITING_CONFIRMATION


async def test_another_merchants_order_does_not_exist(world: World) -> None:
    order = await _shipping(world)
    asked, stranger = Asked(order_id=order.order_id, request_id="r"), MerchantId("other-shop")
    given = {"transactions": world.transactions, "limits": world.limits}

    answers = [
        await accept_shipment(asked, stranger, **given),  # type: ignore[arg-type] # the same two for every call
        await ship_order(asked, stranger, carrier="UPS", tracking_number="1Z", **given),  # type: ignore[arg-type] # as above
        await return_order(asked, stranger, None, why="", **given),  # type: ignore[arg-type] # as above
    ]

    assert _reasons(*answers) == ["ORDER_NOT_FOUND"] * 3


async def test_a_merchant_acts_in_order_and_repeats_change_nothing(world: World) -> None:
    order = await world.authorized()

    early = [await _accept(world, order), await _ship(world, order), await _return(world, order)]
    shipping = await _shipping(world, order)
    repeated = await _accept(world, order)
    shipped = await _ship(world, order)
    same, other = await _ship(world, order), await _ship(world, order, tracking_number="2Z")

    assert _reasons(*early, other) == ["NOT_READY_TO_SHIP", "NOT_ACCEPTED", "NOT_COMPLETED", "SHIPMENT_DIFFERS"]
    assert repeated == shipping
    assert same == shipped


async def test_a_voided_order_is_not_shipped(world: World) -> None:
    order = await world.authorized()
    await _cancel(world, order)

    assert _reasons(await _accept(world, order), await _ship(world, order)) == ["ORDER_OVER", "ORDER_OVER"]


@pytest.mark.parametrize("amount", [usd(16_331), usd(0), None])
async def test_no_more_is_given_back_than_was_taken_and_one_refund_at_a_time(world: World, amount: object) -> None:
    order = await _shipping(world)
    await _ship(world, order)
    await world.settle()

    first = await _return(world, order, amount)
    second = await _return(world, order)

    reasons = _reasons(first, second)
    assert reasons == (["REFUND_RUNNING"] if amount is None else ["REFUND_ABOVE_CAPTURED"])


async def test_a_refund_that_the_processor_refused_is_asked_for_again(world: World) -> None:
    order = await _shipping(world)
    await _ship(world, order)
    await world.settle()
    world.charges.refusal = no("REFUND_DECLINED")
    await _return(world, order)
    await world.settle()
    refused = await world.again(order)

    world.charges.refusal = None
    await _return(world, order, usd(330))
    await world.settle()
    await _return(world, order)
    await world.settle()

    after = await world.again(order)
    assert (refused.state, refused.reason) == (State.NEEDS_ATTENTION, "REFUND_DECLINED")
    assert (after.state, after.refund.refunded_minor) == (State.REFUNDED, 16_330)


async def test_an_order_that_needs_attention_for_another_reason_gives_nothing_back(world: World) -> None:
    order = await _shipping(world)
    world.pass_time(days=6)
    await world.pass_deadlines()

    assert _reasons(await _return(world, order)) == ["NOT_COMPLETED"]


async def test_an_unknown_order_is_not_found(world: World) -> None:
    asked = Asked(order_id=UNKNOWN, request_id="r")

    answer = await cancel_order(asked, CancelReason.CARDMEMBER, transactions=world.transactions, limits=world.limits)

    assert _reasons(answer) == ["ORDER_NOT_FOUND"]


async def test_a_shipment_taken_on_and_never_sent_needs_attention_and_may_still_be_sent(world: World) -> None:
    order = await _shipping(world)
    world.pass_time(days=6)
    await world.pass_deadlines()
    stuck = await world.again(order)

    await _ship(world, order)
    await world.settle()

    assert (stuck.state, stuck.reason) == (State.NEEDS_ATTENTION, "NOT_SHIPPED")
    after = await world.again(order)
    assert (after.state, after.reason) == (State.COMPLETED, "")
    assert world.charges.charges[order.order_id, 1].state is ChargeState.CAPTURED


def _reasons(*answers: Order | Refusal) -> list[str]:
    return [answer.reason for answer in answers if isinstance(answer, Refusal)]


def _asked(order: Order) -> Asked:
    return Asked(order_id=order.order_id, request_id="r")


async def _cancel(world: World, order: Order, reason: CancelReason = CancelReason.CARDMEMBER) -> Order | Refusal:
    return await cancel_order(_asked(order), reason, transactions=world.transactions, limits=world.limits)


async def _confirm(world: World, order: Order, *, link_is_active: bool = True) -> Order | Refusal:
    return await confirm_order(
        _asked(order),
        ConfirmationKind.PAGE,
        link_is_active=link_is_active,
        transactions=world.transactions,
        limits=world.limits,
    )


async def _accept(world: World, order: Order) -> Order | Refusal:
    return await accept_shipment(_asked(order), ACME, transactions=world.transactions, limits=world.limits)


async def _ship(world: World, order: Order, *, tracking_number: str = "1Z") -> Order | Refusal:
    return await ship_order(
        _asked(order),
        ACME,
        carrier="UPS",
        tracking_number=tracking_number,
        transactions=world.transactions,
        limits=world.limits,
    )


async def _return(world: World, order: Order, amount: object = None) -> Order | Refusal:
    return await return_order(
        _asked(order),
        ACME,
        amount,  # type: ignore[arg-type] # a table's amount, or none
        why="",
        transactions=world.transactions,
        limits=world.limits,
    )


async def _shipping(world: World, order: Order | None = None) -> Order:
    order = order or await world.authorized()
    world.pass_time(minutes=30)
    await world.pass_deadlines()
    await _accept(world, order)
    return await world.again(order)
