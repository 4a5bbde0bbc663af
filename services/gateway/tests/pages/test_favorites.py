"""Favorites over real HTTP: what is offered, in which order, and how an open page keeps up."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from services.gateway.tests.pages.fake_peers import an_offer, usd
from services.gateway.tests.pages.pages_world import WAIT_SECONDS, PagesWorld, Visitor

from gateway.inbound.pages.live import Seats
from hashtill.offers.v1 import offer_pb2
from kernel.refusals import RefusedError

SOLD_OUT = offer_pb2.Stock(total=300, committed=300)


def sold_out(offer_id: str) -> offer_pb2.Offer:
    offer = an_offer(offer_id, title="Sony Action Cam", sold_out=True)
    offer.stock.CopyFrom(SOLD_OUT)
    return offer


@pytest.mark.parametrize("path", ["/", "/favorites"])
async def test_an_offer_is_shown_with_all_a_buyer_needs(pages: PagesWorld, mia: Visitor, path: str) -> None:
    pages.offers.put(an_offer("kindle"))

    page = await mia.get(path)

    assert page.status == 200
    for words in (
        "Kindle Fire HD",
        "#BuyKindleFireHD",
        "$149.99",
        "plus tax · free 2-day shipping",
        "320 of 500 left",
        "Acme Electronics",
        'href="https://offers.acme.example/terms"',
        "One per cardmember",
        "1 d 23 h",
    ):
        assert words in page.text


async def test_the_soonest_to_end_comes_first_and_sold_out_last(pages: PagesWorld, mia: Visitor) -> None:
    soon = an_offer("soon", title="Ends soon")
    soon.window.ends_at.seconds -= 40 * 3_600
    pages.offers.put(sold_out("cam"), an_offer("later", title="Ends later"), soon)

    page = await mia.get("/favorites")

    assert page.text.index("Ends soon") < page.text.index("Ends later") < page.text.index("Sony Action Cam")
    assert "Sold out" in page.text


async def test_an_offer_whose_units_are_all_held_says_some_may_come_back(pages: PagesWorld, mia: Visitor) -> None:
    held = an_offer("kindle")
    held.stock.CopyFrom(offer_pb2.Stock(total=500, held=500))
    pages.offers.put(held)

    page = await mia.get("/favorites")

    assert "All held just now: some may come back" in page.text


async def test_a_scheduled_offer_says_when_it_starts(pages: PagesWorld, mia: Visitor) -> None:
    pages.offers.put(an_offer("xbox", state=offer_pb2.OFFER_STATE_SCHEDULED))

    page = await mia.get("/favorites")

    assert "Starts in" in page.text
    assert "Post this when it opens" in page.text


async def test_digital_goods_come_by_mail_and_paid_shipping_is_named(pages: PagesWorld, mia: Visitor) -> None:
    gift = an_offer("gift", fulfilment=offer_pb2.FULFILMENT_DIGITAL)
    gift.tax_rule.Clear()
    pages.offers.put(gift, an_offer("heavy", shipping=usd(1_250)))

    page = await mia.get("/favorites")

    assert "<span>delivered by e-mail</span>" in page.text
    assert "$12.50 2-day shipping" in page.text


async def test_without_offers_the_page_says_so(mia: Visitor) -> None:
    page = await mia.get("/favorites")

    assert "There is no offer just now" in page.text


async def test_what_merchants_write_is_escaped_and_other_addresses_than_https_are_no_links(
    pages: PagesWorld, mia: Visitor
) -> None:
    evil = "<script>alert(1)</script>"
    pages.offers.put(an_offer("kindle", title=evil, description=f'" onload="{evil}', terms_url="javascript:alert(1)"))

    page = await mia.get("/favorites")

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert evil not in page.text
    assert "javascript:" not in page.text


async def test_an_open_page_sees_stock_change(pages: PagesWorld, mia: Visitor) -> None:
    offer = an_offer("kindle")
    pages.offers.put(offer)

    async with mia.live("/favorites/events") as events:
        await events.until("320 of 500 left")
        offer.stock.available = 7
        pages.offers.put(offer)

        card = await events.until("7 of 500 left")

    assert 'id="offer-kindle"' in card


async def test_an_open_page_sees_an_offer_end(pages: PagesWorld, mia: Visitor) -> None:
    pages.offers.put(an_offer("kindle"))

    async with mia.live("/favorites/events") as events:
        await events.until("Kindle Fire HD")
        pages.offers.put(an_offer("kindle", state=offer_pb2.OFFER_STATE_ENDED))

        card = await events.until("Over")

    assert "ended" in card


async def test_many_open_pages_share_one_watch(pages: PagesWorld) -> None:
    pages.offers.put(an_offer("kindle"))
    async with AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(pages.visitor()) for _ in range(20)]
        opened = [await stack.enter_async_context(each.live("/favorites/events")) for each in visitors]

        pages.offers.put(an_offer("xbox", title="Xbox 360"))
        cards = await asyncio.gather(*(events.until("Xbox 360") for events in opened))

    assert len(cards) == 20
    assert pages.offers.watches == 1


async def test_a_stream_ends_when_the_process_stops(pages: PagesWorld, mia: Visitor) -> None:
    async with mia.http.get(f"{pages.base}/favorites/events") as response:
        pages.stopping.set()

        async with asyncio.timeout(WAIT_SECONDS):
            await response.content.read()


def test_there_are_only_so_many_seats() -> None:
    seats = Seats(seats_max=1)

    with seats.one(), pytest.raises(RefusedError, match="TOO_BUSY"), seats.one():
        pass

    assert seats.taken == 0
