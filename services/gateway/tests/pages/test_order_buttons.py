"""An order's buttons: confirm, cancel, "not me", each only by its own address and by a form of our page."""

from datetime import timedelta
from uuid import UUID

import pytest
from services.gateway.tests.pages.fake_peers import refuse
from services.gateway.tests.pages.pages_world import Answer, PagesWorld, Visitor, pages_world, token

from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as orders_pb
from kernel.ids import OrderId
from kernel.page_addresses import PagePurpose
from kernel.refusals import RefusalKind

VIEW, CONFIRM, DISOWN = PagePurpose.VIEW, PagePurpose.CONFIRM, PagePurpose.DISOWN


async def press(visitor: Visitor, page: str, button: str) -> Answer:
    """Open a page and send the form of one of its buttons."""
    form = await visitor.get(page)
    return await visitor.post(button, form_token=form.field("form_token"))


async def test_the_order_pages_button_confirms_and_shows_the_order_again(pages: PagesWorld, mia: Visitor) -> None:
    address = f"/order/{token(VIEW)}"

    answer = await press(mia, address, f"{address}/confirm")
    page = await mia.get(answer.location)

    assert (answer.status, answer.location) == (303, address)
    assert "Confirmed" in page.text
    assert isinstance(pages.orders.asked[0], orders_pb.ConfirmOrderRequest)


async def test_the_order_pages_button_cancels(pages: PagesWorld, mia: Visitor) -> None:
    address = f"/order/{token(VIEW)}"

    answer = await press(mia, address, f"{address}/cancel")

    assert (answer.status, answer.location) == (303, address)
    assert pages.orders.asked[0].reason == order_pb2.CANCEL_REASON_CARDMEMBER


async def test_pressing_twice_asks_for_the_same_thing(pages: PagesWorld, mia: Visitor) -> None:
    address = f"/order/{token(VIEW)}"

    await press(mia, address, f"{address}/confirm")
    await press(mia, address, f"{address}/confirm")

    assert len({each.context.request_id for each in pages.orders.asked}) == 1


async def test_opening_the_mails_address_confirms_nothing(pages: PagesWorld, mia: Visitor) -> None:
    page = await mia.get(f"/confirm/{token(CONFIRM)}")

    assert "Buy Kindle Fire HD for $163.31?" in page.text
    assert page.text.count("<button") == 1
    assert not pages.orders.asked


async def test_the_mails_button_confirms_and_leads_to_the_order(pages: PagesWorld, mia: Visitor) -> None:
    address = f"/confirm/{token(CONFIRM)}"

    answer = await press(mia, address, address)
    page = await mia.get(answer.location)

    assert answer.status == 303
    assert page.status == 200
    assert "Confirmed" in page.text
    assert pages.orders.asked[0].page_token in address


async def test_an_address_that_ends_while_orders_answers_still_leads_to_the_order() -> None:
    address = f"/confirm/{token(CONFIRM, hours=1)}"

    async with pages_world(slowness=timedelta(hours=2)) as world, world.visitor() as visitor:
        answer = await press(visitor, address, address)

    assert (answer.status, answer.location.startswith("/order/")) == (303, True)


async def test_the_mails_address_of_an_order_that_is_over_has_no_button(pages: PagesWorld, mia: Visitor) -> None:
    pages.orders.order.state = order_pb2.ORDER_STATE_EXPIRED

    page = await mia.get(f"/confirm/{token(CONFIRM)}")

    assert "<button" not in page.text
    assert "There is nothing to confirm here any more" in page.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TOO_LATE", "Too late, but nothing is lost"),
        ("ORDER_OVER", "This order is over"),
        ("LINK_NOT_ACTIVE", "Your card is not synced any more"),
        ("ALREADY_SHIPPING", "It is with the merchant already"),
    ],
)
async def test_what_can_no_longer_be_done_is_explained(
    pages: PagesWorld, mia: Visitor, reason: str, words: str
) -> None:
    pages.orders.refusal = refuse(RefusalKind.PRECONDITION, reason)
    address = f"/confirm/{token(CONFIRM)}"

    page = await press(mia, address, address)

    assert page.status == 409
    assert words in page.text


@pytest.mark.parametrize("path", ["/not-me/{disown}", "/order/{view}/not-me"])
async def test_not_me_says_what_will_happen_and_then_does_it(pages: PagesWorld, mia: Visitor, path: str) -> None:
    address = path.format(disown=token(DISOWN), view=token(VIEW))
    asked = await mia.get(address)
    before = len(pages.orders.asked)

    page = await press(mia, address, address)

    assert "is frozen" in asked.text
    assert before == 0
    assert page.status == 200
    assert "We are stopping it" in page.text
    assert pages.orders.asked[0].reason == order_pb2.CANCEL_REASON_NOT_ME


@pytest.mark.parametrize("purpose", [CONFIRM, DISOWN])
async def test_an_address_of_another_purpose_does_not_open_the_order(mia: Visitor, purpose: PagePurpose) -> None:
    page = await mia.get(f"/order/{token(purpose)}")

    assert page.status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/confirm/{view}",
        "/confirm/{disown}",
        "/not-me/{view}",
        "/not-me/{confirm}",
        "/order/{confirm}/confirm",
        "/order/{disown}/cancel",
        "/order/{confirm}/not-me",
    ],
)
async def test_no_button_takes_an_address_of_another_purpose(pages: PagesWorld, mia: Visitor, path: str) -> None:
    address = path.format(view=token(VIEW), confirm=token(CONFIRM), disown=token(DISOWN))
    form = await mia.get(f"/order/{token(VIEW)}")

    page = await mia.post(address, form_token=form.field("form_token"))

    assert page.status == 403
    assert not pages.orders.asked


async def test_forged_old_and_broken_addresses_get_one_and_the_same_page(mia: Visitor) -> None:
    good = token(VIEW)
    swapped = "A" if good[30] != "A" else "B"
    bad = [good[:30] + swapped + good[31:], token(VIEW, hours=-1), "x", "é", "x" * 3_000, good[:-2]]

    pages = [await mia.get(f"/order/{each}") for each in bad]

    assert {page.status for page in pages} == {403}
    assert len({page.text.split("<main")[1] for page in pages}) == 1
    assert "It may be incomplete or too old" in pages[0].text


async def test_an_order_nobody_knows_is_not_found(mia: Visitor) -> None:
    unknown = OrderId(UUID(int=1))

    page = await mia.get(f"/order/{token(VIEW, order_id=unknown)}")

    assert page.status == 404
    assert "There is no such order." in page.text
