"""Lists over the wire: newest first, filtered, page by page, and tokens that belong to their question."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from grpc import StatusCode
from services.offers.tests.offers_world import Clock
from services.offers.tests.served_offers import serving
from services.offers.tests.wire_world import Calls, refused, wire_offer

from chassis.validation import page_token
from hashtill.offers.v1 import offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from offers.outbound.memory import MemoryOffersStore, memory_requests_of

INVALID = StatusCode.INVALID_ARGUMENT
NOON = "2013-02-14T12:00:00+00:00"


@pytest.fixture
async def calls(memory: MemoryOffersStore, clock: Clock) -> AsyncIterator[Calls]:
    async with serving(memory.transactions, requests=memory_requests_of) as served:
        yield Calls(served.stub, clock)


async def test_offers_are_listed_newest_first_page_by_page(calls: Calls) -> None:
    await calls.merchant()
    for number in range(5):
        await calls.create(offer_id=f"offer-{number}", tag=f"Tag{number}")
        calls.clock.forward(timedelta(minutes=number % 2))

    pages, token = [], ""
    while True:
        page = await calls.stub.ListOffers(pb.ListOffersRequest(page_size=2, page_token=token, merchant_id="acme"))
        pages.append([offer.offer_id for offer in page.offers])
        if not (token := page.next_page_token):
            break

    assert pages == [["offer-4", "offer-2"], ["offer-3", "offer-0"], ["offer-1"]]


async def test_lists_are_filtered_by_state_and_tokens_belong_to_their_question(calls: Calls) -> None:
    await calls.merchant()
    for number in range(3):
        await calls.create(offer_id=f"offer-{number}", tag=f"Tag{number}")
        await calls.publish(f"offer-{number}")
    await calls.end("offer-0")
    live = pb.ListOffersRequest(states=[offer_pb2.OFFER_STATE_LIVE], page_size=1)
    page = await calls.stub.ListOffers(live)

    async def token_refused(request: pb.ListOffersRequest) -> bool:
        return await refused(calls.stub.ListOffers(request)) == (INVALID, "INVALID_FIELD", "page_token")

    assert [offer.offer_id for offer in page.offers] == ["offer-1"]
    assert await token_refused(pb.ListOffersRequest(page_token=page.next_page_token))
    assert await token_refused(pb.ListOffersRequest(page_token="nonsense"))
    unknown = pb.ListOffersRequest(states=[99])  # type: ignore[list-item] # a number from the future
    assert await refused(calls.stub.ListOffers(unknown)) == (INVALID, "INVALID_FIELD", "states[0]")
    assert await refused(calls.stub.ListOffers(pb.ListOffersRequest(page_size=-1))) == (
        INVALID,
        "INVALID_FIELD",
        "page_size",
    )


async def test_favorites_come_soonest_to_end_first_and_sold_out_last(calls: Calls) -> None:
    await calls.merchant()
    week = calls.clock() + timedelta(days=7)
    for name, days, stock in (("late", 2, 5), ("soon", 1, 5), ("gone", 0, 0), ("paused", 0, 5)):
        window = wire_offer(calls.clock()).window
        window.ends_at.FromDatetime(week + timedelta(days=days))
        await calls.create(offer_id=name, tag=f"Tag{name}", window=window, stock=offer_pb2.Stock(total=stock))
        await calls.publish(name)
    await calls.pause("paused")
    await calls.create(offer_id="draft", tag="TagDraft")

    first = await calls.stub.ListFavorites(pb.ListFavoritesRequest(network="x", page_size=2))
    second = await calls.stub.ListFavorites(
        pb.ListFavoritesRequest(network="x", page_size=2, page_token=first.next_page_token)
    )
    elsewhere = await calls.stub.ListFavorites(pb.ListFavoritesRequest(network="xbox"))

    assert [offer.offer_id for offer in (*first.offers, *second.offers)] == ["soon", "late", "gone"]
    assert (second.offers[0].sold_out, second.next_page_token, len(elsewhere.offers)) == (True, "", 0)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListFavoritesRequest(network="X!"), "network"),
        (pb.ListFavoritesRequest(page_token="WyJhIl0"), "page_token"),
        (pb.ListFavoritesRequest(page_token="WyJmYXZvcml0ZXM6IiwiMCIsIm5vIHRpbWUiLCJhIl0"), "page_token"),
        (pb.ListFavoritesRequest(page_token=page_token("favorites:", "0", NOON, "a\x00b")), "page_token"),
    ],
)
async def test_a_bad_question_for_favorites_is_named(
    calls: Calls, request_: pb.ListFavoritesRequest, field: str
) -> None:
    assert await refused(calls.stub.ListFavorites(request_)) == (INVALID, "INVALID_FIELD", field)


async def test_tokens_of_ids_that_nothing_can_have_are_refused(calls: Calls) -> None:
    """PostgreSQL takes no NUL: such a token would end as a bug."""
    merchants = pb.ListMerchantsRequest(page_token=page_token("a\x00b"))
    offers = pb.ListOffersRequest(page_token=page_token("offers::", NOON, "a\x00b"))

    assert await refused(calls.stub.ListMerchants(merchants)) == (INVALID, "INVALID_FIELD", "page_token")
    assert await refused(calls.stub.ListOffers(offers)) == (INVALID, "INVALID_FIELD", "page_token")
