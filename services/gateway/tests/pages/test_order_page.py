"""An order's page: what it tells in each state, and how it keeps up while it is open."""

from datetime import UTC, datetime, timedelta

import pytest
from services.gateway.tests.pages.fake_peers import stamp, usd
from services.gateway.tests.pages.pages_world import PagesWorld, Visitor, token

from gateway.inbound.pages.order_story import FINAL
from gateway.inbound.pages.order_words import STATES
from hashtill.orders.v1 import order_pb2
from kernel.page_addresses import PagePurpose

SOON = timedelta(days=2)


async def order_page(visitor: Visitor) -> str:
    page = await visitor.get(f"/order/{token(PagePurpose.VIEW)}")
    assert page.status == 200
    return page.text


async def test_an_order_that_waits_shows_countdown_sums_and_buttons(mia: Visitor) -> None:
    page = await order_page(mia)

    for words in (
        "Do you want to buy it?",
        "14 min",
        "data-until=",
        "Confirm and buy for $163.31",
        "Cancel the order",
        "#OK7KX2M9PQ",
        "$149.99",
        "$13.32",
        "$163.31",
        "Free",
        "it was not me",
    ):
        assert words in page


async def test_the_story_tells_the_cardmembers_steps_and_keeps_ours_to_us(pages: PagesWorld, mia: Visitor) -> None:
    pages.orders.move(order_pb2.ORDER_STATE_RECEIVED, cause="PostRead")
    pages.orders.move(order_pb2.ORDER_STATE_HOLDING, cause="StepTaken")
    pages.orders.move(order_pb2.ORDER_STATE_PROMPTING, cause="StockHeld")
    pages.orders.move(order_pb2.ORDER_STATE_AWAITING_CONFIRMATION, cause="ReplyPosted")
    pages.orders.move(order_pb2.ORDER_STATE_EXPIRED, cause="DeadlinePassed")

    page = await order_page(mia)

    told = ["We read your post", "One was set aside for you", "We asked you to confirm", "The time to confirm ran out"]
    places = [page.index(f"<b>{words}</b>") for words in told]
    assert places == sorted(places)
    assert "StepTaken" not in page


async def test_an_authorised_order_shows_card_and_remorse_time(pages: PagesWorld, mia: Visitor) -> None:
    ends_at = datetime.now(UTC) + timedelta(minutes=29)
    pages.orders.move(
        order_pb2.ORDER_STATE_AUTHORIZED, cause="ChargeAuthorized", card_last4="0005", remorse_ends_at=stamp(ends_at)
    )

    page = await order_page(mia)

    assert "••••0005" in page
    assert "Until then cancelling takes one click" in page
    assert "Cancel the order" in page
    assert "Confirm and buy" not in page


async def test_a_shipped_order_shows_parcel_and_day_and_no_buttons(pages: PagesWorld, mia: Visitor) -> None:
    shipment = order_pb2.Shipment(carrier="UPS", tracking_number="1Z999", deliver_by=stamp(datetime.now(UTC) + SOON))
    pages.orders.move(order_pb2.ORDER_STATE_COMPLETED, cause="ChargeCaptured", shipment=shipment)

    page = await order_page(mia)

    assert 'UPS <b class="num">1Z999</b>, there by' in page
    assert "Cancel the order" not in page


async def test_digital_goods_are_told_as_delivered_by_mail(pages: PagesWorld, mia: Visitor) -> None:
    pages.orders.move(order_pb2.ORDER_STATE_COMPLETED, cause="ChargeCaptured", fulfilment="DIGITAL")

    page = await order_page(mia)

    assert "delivered to your e-mail address" in page
    assert "Ships to" not in page


async def test_a_refund_is_told_with_its_amount(pages: PagesWorld, mia: Visitor) -> None:
    pages.orders.move(order_pb2.ORDER_STATE_COMPLETED, cause="RefundedInPart", refunded=usd(2_000))

    assert "$20.00 was given back to your card" in await order_page(mia)


async def test_a_refused_order_says_why(pages: PagesWorld, mia: Visitor) -> None:
    pages.orders.move(order_pb2.ORDER_STATE_REFUSED, cause="HoldRefused", refusal_reason="SOLD_OUT")

    assert "It is sold out." in await order_page(mia)


async def test_an_order_before_it_is_held_has_no_sums_yet(pages: PagesWorld, mia: Visitor) -> None:
    order = pages.orders.order
    for field in ("price", "tax", "shipping", "total", "confirm_by", "title", "confirmation_tag"):
        order.ClearField(field)
    order.state = order_pb2.ORDER_STATE_HOLDING

    page = await order_page(mia)

    assert "We saw your post" in page
    assert "Total" not in page


@pytest.mark.parametrize("state", [state for state in order_pb2.OrderState.values() if state])
async def test_every_state_has_a_page(pages: PagesWorld, mia: Visitor, state: "order_pb2.OrderState.ValueType") -> None:
    pages.orders.order.state = state

    page = await order_page(mia)

    assert STATES[state].title in page
    assert ("data-live" in page) == (state not in FINAL)


async def test_what_others_wrote_is_escaped(pages: PagesWorld, mia: Visitor) -> None:
    evil = "<script>alert(1)</script>"
    pages.orders.order.title = pages.orders.order.merchant_name = pages.orders.order.author_handle = evil

    page = await order_page(mia)

    assert evil not in page
    assert "&lt;script&gt;" in page


async def test_an_open_page_sees_the_order_change_until_it_is_final(pages: PagesWorld, mia: Visitor) -> None:
    address = f"/order/{token(PagePurpose.VIEW)}"
    async with mia.live(f"{address}/events") as events:
        await events.until("Do you want to buy it?")

        pages.orders.move(order_pb2.ORDER_STATE_AUTHORIZED, cause="ChargeAuthorized", card_last4="0005")
        authorised = await events.until("It is yours")
        pages.orders.move(order_pb2.ORDER_STATE_VOIDED, cause="HoldReleased")
        await events.until("The amount held on your card was freed")
        name, _ = await events.next()

    assert f'action="{address}/cancel"' in authorised
    assert name == "end"


async def test_the_stream_of_an_order_is_behind_the_same_address(mia: Visitor) -> None:
    page = await mia.get(f"/order/{token(PagePurpose.CONFIRM)}/events")

    assert page.status == 403
