"""Orders' RPCs in process: every call, and what bad input gets."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from services.orders.tests.calls_world import PAGE_KEY, Served, calls_to, reason_of
from services.orders.tests.orders_world import ANN, BOB, TAG, World
from services.orders.tests.peers_kept import ACME

from chassis.refusal_status import refusal_from_status
from hashtill.common.v1.money_pb2 import Money
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as pb
from kernel.page_addresses import PageGrant, PagePurpose, sign_page
from orders.domain.order import Order


@pytest.fixture
async def orders(world: World) -> AsyncIterator[Served]:
    async with calls_to(world) as orders:
        yield orders


async def test_orders_are_read_one_and_many(orders: Served) -> None:
    order = await orders.world.authorized()

    one = await orders.stub.GetOrder(pb.GetOrderRequest(order_id=str(order.order_id)))
    many = await orders.stub.BatchGetOrders(
        pb.BatchGetOrdersRequest(order_ids=[str(order.order_id), str(uuid4()), "rubbish"])
    )

    assert one.order.state == order_pb2.ORDER_STATE_AUTHORIZED
    assert (one.order.total.amount_minor, one.order.card_last4) == (16_330, "1006")
    assert many.results[0].order == one.order
    assert [_item(result) for result in many.results[1:]] == ["ORDER_NOT_FOUND", "INVALID_FIELD"]


async def test_orders_are_listed_newest_first_page_by_page(orders: Served) -> None:
    for author in (ANN, BOB, ANN):
        await orders.world.held(author)
        orders.world.pass_time(seconds=1)

    first = await orders.stub.ListOrders(pb.ListOrdersRequest(page_size=2))
    second = await orders.stub.ListOrders(pb.ListOrdersRequest(page_size=2, page_token=first.next_page_token))

    listed = [*first.orders, *second.orders]
    assert [order.author_id for order in listed] == [ANN, BOB, ANN]
    assert second.next_page_token == ""
    assert listed[0].created_at.ToDatetime() > listed[2].created_at.ToDatetime()


async def test_lists_are_narrowed(orders: Served) -> None:
    order = await orders.world.held()
    await orders.world.prompted(BOB)

    by_state = pb.ListOrdersRequest(states=[order_pb2.ORDER_STATE_PROMPTING], network="x")
    by_member = pb.ListOrdersRequest(cardmember_id=str(order.cardmember_id))
    by_post = pb.ListOrdersRequest(network="x", post_id=order.post_id)

    for request in (by_state, by_member, by_post):
        answer = await orders.stub.ListOrders(request)
        assert [listed.order_id for listed in answer.orders] == [str(order.order_id)]


async def test_a_mails_button_confirms_and_a_repeat_gets_the_first_answer(orders: Served) -> None:
    order = await orders.world.prompted()
    request = pb.ConfirmOrderRequest(context=_context(), page_token=_token(orders, order, PagePurpose.CONFIRM))

    first = await orders.stub.ConfirmOrder(request)
    await orders.world.settle()
    again = await orders.stub.ConfirmOrder(request)

    assert first.order.state == order_pb2.ORDER_STATE_COMMITTING
    assert first.order.confirmation_kind == order_pb2.CONFIRMATION_KIND_MAIL
    assert again == first
    assert (await orders.world.told()).count("OrderConfirmed") == 1


async def test_a_request_id_with_other_contents_is_refused(orders: Served) -> None:
    order, other = await orders.world.prompted(), await orders.world.prompted(BOB)
    context = _context()

    def request(of: Order) -> pb.CancelOrderRequest:
        return pb.CancelOrderRequest(
            context=context, order_id=str(of.order_id), reason=order_pb2.CANCEL_REASON_OPERATOR
        )

    await orders.stub.CancelOrder(request(order))
    reason = await reason_of(orders.stub.CancelOrder(request(other)))

    assert reason == "REQUEST_ID_REUSED"


async def test_a_page_address_opens_its_own_purpose_only_and_not_for_ever(orders: Served) -> None:
    order = await orders.world.prompted()
    view, disown = _token(orders, order, PagePurpose.VIEW), _token(orders, order, PagePurpose.DISOWN)
    operator = pb.CancelOrderRequest(context=_context(), page_token=view, reason=order_pb2.CANCEL_REASON_OPERATOR)
    change_of_mind = pb.CancelOrderRequest(
        context=_context(), page_token=disown, reason=order_pb2.CANCEL_REASON_CARDMEMBER
    )

    reasons = [
        await reason_of(orders.stub.ConfirmOrder(pb.ConfirmOrderRequest(context=_context(), page_token=disown))),
        await reason_of(orders.stub.CancelOrder(operator)),
        await reason_of(orders.stub.CancelOrder(change_of_mind)),
    ]
    orders.world.pass_time(days=2)
    reasons.append(
        await reason_of(orders.stub.ConfirmOrder(pb.ConfirmOrderRequest(context=_context(), page_token=view)))
    )

    assert reasons == ["PAGE_ADDRESS_INVALID"] * 4


async def test_a_button_whose_link_is_lost_or_whose_order_is_unknown_is_refused(orders: Served) -> None:
    order = await orders.world.prompted()
    token = _token(orders, order, PagePurpose.CONFIRM)
    unknown = sign_page(_grant(orders, uuid4(), PagePurpose.CONFIRM), key=PAGE_KEY)
    orders.world.links.links.clear()

    reasons = [
        await reason_of(orders.stub.ConfirmOrder(pb.ConfirmOrderRequest(context=_context(), page_token=each)))
        for each in (token, unknown)
    ]

    assert reasons == ["LINK_NOT_ACTIVE", "ORDER_NOT_FOUND"]


async def test_not_me_by_the_mails_address_disowns(orders: Served) -> None:
    order = await orders.world.authorized()
    token = _token(orders, order, PagePurpose.DISOWN)
    request = pb.CancelOrderRequest(context=_context(), page_token=token, reason=order_pb2.CANCEL_REASON_NOT_ME)

    answer = await orders.stub.CancelOrder(request)

    assert answer.order.state == order_pb2.ORDER_STATE_VOIDING
    assert "OrderDisowned" in await orders.world.told()


async def test_a_merchant_lists_accepts_ships_and_takes_back(orders: Served) -> None:
    order = await orders.world.authorized()
    orders.world.pass_time(minutes=30)
    await orders.world.pass_deadlines()
    named = {"merchant_id": ACME, "order_id": str(order.order_id)}

    due = await orders.stub.ListShipmentsDue(pb.ListShipmentsDueRequest(merchant_id=ACME))
    accepted = await orders.stub.AcceptShipment(pb.AcceptShipmentRequest(context=_context(), **named))
    shipped = await orders.stub.RecordShipment(
        pb.RecordShipmentRequest(context=_context(), carrier="UPS", tracking_number="1Z", **named)
    )
    await orders.world.settle()
    amount = Money(amount_minor=100, currency_code="USD")
    await orders.stub.RequestReturn(pb.RequestReturnRequest(context=_context(), amount=amount, **named))
    await orders.world.settle()

    assert due.shipments[0].ship_to.city == "New York"
    assert accepted.order.shipment.deliver_by.ToDatetime().day == 25
    assert shipped.order.state == order_pb2.ORDER_STATE_CAPTURING
    read = await orders.stub.GetOrder(pb.GetOrderRequest(order_id=str(order.order_id)))
    assert read.order.refunded.amount_minor == 100
    assert not (await orders.stub.ListShipmentsDue(pb.ListShipmentsDueRequest(merchant_id=ACME))).shipments


async def test_every_step_of_a_merchant_refuses_its_request_id_with_other_contents(orders: Served) -> None:
    order = await orders.world.authorized()
    orders.world.pass_time(minutes=30)
    await orders.world.pass_deadlines()
    named = {"merchant_id": ACME, "order_id": str(order.order_id)}
    ship = pb.RecordShipmentRequest(context=_context(), carrier="UPS", tracking_number="1Z", **named)
    amount = Money(amount_minor=100, currency_code="USD")
    take_back = pb.RequestReturnRequest(context=_context(), amount=amount, **named)
    steps = [
        ("AcceptShipment", pb.AcceptShipmentRequest(context=_context(), **named), "merchant_id"),
        ("RecordShipment", ship, "tracking_number"),
        ("RequestReturn", take_back, "reason"),
    ]

    for method, request, changed in steps:
        first = await getattr(orders.stub, method)(request)
        await orders.world.settle()
        assert await getattr(orders.stub, method)(request) == first
        setattr(request, changed, "another")
        assert await reason_of(getattr(orders.stub, method)(request)) == "REQUEST_ID_REUSED"


async def test_a_merchants_parcels_come_page_by_page(orders: Served) -> None:
    for _ in range(3):
        await orders.world.authorized()
        orders.world.pass_time(seconds=1)
    orders.world.pass_time(minutes=31)
    await orders.world.pass_deadlines()

    first = await orders.stub.ListShipmentsDue(pb.ListShipmentsDueRequest(merchant_id=ACME, page_size=2))
    second = await orders.stub.ListShipmentsDue(
        pb.ListShipmentsDueRequest(merchant_id=ACME, page_size=2, page_token=first.next_page_token)
    )

    assert len({due.order.order_id for due in (*first.shipments, *second.shipments)}) == 3


async def test_a_story_is_told_by_order_and_by_post(orders: Served) -> None:
    order = await orders.world.authorized()

    by_order = await orders.stub.ExplainOrder(pb.ExplainOrderRequest(order_id=str(order.order_id)))
    by_post = await orders.stub.ExplainOrder(
        pb.ExplainOrderRequest(post=pb.PostKey(network="x", post_id=order.post_id))
    )

    assert by_post == by_order
    assert [step.cause for step in by_order.steps][-1] == "ChargeAuthorized"
    assert by_order.steps[0].from_state == order_pb2.ORDER_STATE_UNSPECIFIED
    assert by_order.verdicts[0].verdict == "ORDERED"


async def test_a_posts_verdict_is_told_where_it_made_no_order(orders: Served) -> None:
    post = orders.world.post(type(ANN)("4711"), TAG)
    await orders.world.receive(post)

    story = await orders.stub.ExplainOrder(pb.ExplainOrderRequest(post=pb.PostKey(network="x", post_id=post.post_id)))

    assert not story.HasField("order")
    assert (story.verdicts[0].verdict, story.verdicts[0].reason) == ("REFUSED", "NOT_LINKED")


async def test_a_watcher_sees_each_change_and_the_end(orders: Served) -> None:
    order = await orders.world.held()
    stream = orders.stub.WatchOrder(pb.WatchOrderRequest(order_id=str(order.order_id)))

    answers = aiter(stream)
    seen = [(await anext(answers)).order.state]
    await orders.world.reply(order.order_id)
    orders.watchers.saved([order])
    seen.append((await anext(answers)).order.state)
    busy = await reason_of(_first(orders.stub.WatchOrder(pb.WatchOrderRequest(order_id=str(order.order_id)))))
    orders.stopping.set()

    assert seen == [order_pb2.ORDER_STATE_PROMPTING, order_pb2.ORDER_STATE_AWAITING_CONFIRMATION]
    assert busy == "TOO_BUSY"
    assert [answer async for answer in answers] == []


async def test_watching_ends_with_the_order_and_an_unknown_one_is_not_found(orders: Served) -> None:
    orders.world.stock.units = 0
    order = await orders.world.held()

    stream = orders.stub.WatchOrder(pb.WatchOrderRequest(order_id=str(order.order_id)))
    seen = [answer.order.state async for answer in stream]
    unknown = await reason_of(_first(orders.stub.WatchOrder(pb.WatchOrderRequest(order_id=str(uuid4())))))

    assert seen == [order_pb2.ORDER_STATE_REFUSED]
    assert unknown == "ORDER_NOT_FOUND"


def _context() -> RequestContext:
    return RequestContext(request_id=str(uuid4()))


def _grant(orders: Served, order_id: Any, purpose: PagePurpose) -> PageGrant:
    return PageGrant(order_id=order_id, purpose=purpose, ends_at=orders.world.store.at + timedelta(days=1))


def _token(orders: Served, order: Order, purpose: PagePurpose) -> str:
    return sign_page(_grant(orders, order.order_id, purpose), key=PAGE_KEY)


def _item(result: pb.OrderResult) -> str:
    refusal = refusal_from_status(result.status)
    return refusal.reason if refusal else ""


async def _first(stream: Any) -> Any:
    return await stream.read()
