"""Every RPC on offers over the wire: what it answers, and every refusal the contract names."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from services.offers.tests.offers_world import Clock
from services.offers.tests.served_offers import serving
from services.offers.tests.wire_world import AsyncStub, context, refused, wire_offer

from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from offers.outbound.memory import MemoryOffersStore, memory_requests_of

ACME = merchant_pb2.Merchant(merchant_id="acme", display_name="Acme", support_email="help@acme.example")
INVALID, NOT_FOUND = StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND
EXISTS, PRECONDITION = StatusCode.ALREADY_EXISTS, StatusCode.FAILED_PRECONDITION


class Calls:
    """The stub with shortcuts."""

    def __init__(self, stub: AsyncStub, clock: Clock) -> None:
        self.stub, self.clock = stub, clock

    async def merchant(self) -> None:
        await self.stub.UpdateMerchant(pb.UpdateMerchantRequest(context=context(), merchant=ACME, allow_missing=True))

    async def create(self, **changes: object) -> offer_pb2.Offer:
        request = pb.CreateOfferRequest(context=context(), offer=wire_offer(self.clock(), **changes))
        return (await self.stub.CreateOffer(request)).offer

    async def publish(self, offer_id: str = "kindle") -> offer_pb2.Offer:
        request = pb.PublishOfferRequest(context=context(), offer_id=offer_id)
        return (await self.stub.PublishOffer(request)).offer

    async def pause(self, offer_id: str = "kindle") -> offer_pb2.Offer:
        return (await self.stub.PauseOffer(pb.PauseOfferRequest(context=context(), offer_id=offer_id))).offer

    async def end(self, offer_id: str = "kindle") -> offer_pb2.Offer:
        return (await self.stub.EndOffer(pb.EndOfferRequest(context=context(), offer_id=offer_id))).offer

    async def update(self, *paths: str, allow_missing: bool = False, **changes: object) -> offer_pb2.Offer:
        request = pb.UpdateOfferRequest(
            context=context(),
            offer=wire_offer(self.clock(), **changes),
            update_mask=FieldMask(paths=paths),
            allow_missing=allow_missing,
        )
        return (await self.stub.UpdateOffer(request)).offer


@pytest.fixture
async def calls(memory: MemoryOffersStore, clock: Clock) -> AsyncIterator[Calls]:
    async with serving(memory.transactions, requests=memory_requests_of) as served:
        yield Calls(served.stub, clock)


async def test_a_merchant_is_created_changed_and_listed(calls: Calls) -> None:
    unknown = pb.UpdateMerchantRequest(context=context(), merchant=ACME)
    assert await refused(calls.stub.UpdateMerchant(unknown)) == (NOT_FOUND, "MERCHANT_NOT_FOUND", "")

    await calls.merchant()
    renamed = merchant_pb2.Merchant(merchant_id="acme", display_name="Acme Inc", support_email="help@acme.example")
    answer = await calls.stub.UpdateMerchant(pb.UpdateMerchantRequest(context=context(), merchant=renamed))
    again = await calls.stub.UpdateMerchant(pb.UpdateMerchantRequest(context=context(), merchant=renamed))
    listed = await calls.stub.ListMerchants(pb.ListMerchantsRequest())

    assert answer == again
    assert [merchant.display_name for merchant in listed.merchants] == ["Acme Inc"]


async def test_a_merchants_wrong_fields_are_named(calls: Calls) -> None:
    request = pb.UpdateMerchantRequest(context=context(), merchant=merchant_pb2.Merchant(), allow_missing=True)

    assert await refused(calls.stub.UpdateMerchant(request)) == (INVALID, "INVALID_FIELD", "merchant.merchant_id")


async def test_an_offer_is_created_read_published_paused_and_ended(calls: Calls) -> None:
    await calls.merchant()
    created = await calls.create()
    published = await calls.publish()
    paused = await calls.pause()
    ended = await calls.end()
    read = (await calls.stub.GetOffer(pb.GetOfferRequest(offer_id="kindle"))).offer

    states = [offer.state for offer in (created, published, paused, ended)]
    assert states == [
        offer_pb2.OFFER_STATE_DRAFT,
        offer_pb2.OFFER_STATE_LIVE,
        offer_pb2.OFFER_STATE_PAUSED,
        offer_pb2.OFFER_STATE_ENDED,
    ]
    assert read == ended
    assert (read.shipping.amount_minor, read.shipping.currency_code, read.stock.available) == (0, "USD", 10)


async def test_the_refusals_of_creating(calls: Calls) -> None:
    assert await refused(calls.create()) == (NOT_FOUND, "MERCHANT_NOT_FOUND", "")
    await calls.merchant()
    await calls.create()

    assert await refused(calls.create()) == (EXISTS, "OFFER_EXISTS", "")
    negative = money_pb2.Money(amount_minor=-1, currency_code="USD")
    assert await refused(calls.create(price=negative)) == (INVALID, "INVALID_FIELD", "offer.price.amount_minor")
    assert await refused(calls.create(kind=99)) == (INVALID, "INVALID_FIELD", "offer.kind")
    assert await refused(calls.create(fulfilment=0)) == (INVALID, "INVALID_FIELD", "offer.fulfilment")
    assert await refused(calls.create(window=None)) == (INVALID, "INVALID_FIELD", "offer.window.starts_at")
    absurd = offer_pb2.Window(starts_at=Timestamp(seconds=2**62), ends_at=Timestamp(seconds=-(2**62)))
    assert await refused(calls.create(window=absurd)) == (INVALID, "INVALID_FIELD", "offer.window.starts_at")


async def test_the_refusals_of_updating(calls: Calls) -> None:
    await calls.merchant()
    assert await refused(calls.update()) == (NOT_FOUND, "OFFER_NOT_FOUND", "")
    created = await calls.update(allow_missing=True)
    await calls.update("title", title="New", version=created.version)
    await calls.publish()

    assert await refused(calls.update("nonsense")) == (INVALID, "INVALID_FIELD", "update_mask")
    assert await refused(calls.update("title", title="Old", version=1)) == (PRECONDITION, "VERSION_STALE", "")
    assert await refused(calls.update("tag", tag="Other")) == (PRECONDITION, "FIELD_FIXED", "offer.tag")
    assert await refused(calls.update(merchant_id="nobody")) == (NOT_FOUND, "MERCHANT_NOT_FOUND", "")
    await calls.end()
    assert await refused(calls.update("title", title="Late")) == (PRECONDITION, "OFFER_ENDED", "")


async def test_the_refusals_of_publishing_pausing_and_ending(calls: Calls) -> None:
    await calls.merchant()
    for call in (calls.publish, calls.pause, calls.end):
        assert await refused(call()) == (NOT_FOUND, "OFFER_NOT_FOUND", "")
    assert await refused(calls.publish("")) == (INVALID, "INVALID_FIELD", "offer_id")
    await calls.create()
    await calls.create(offer_id="second")
    assert await refused(calls.pause()) == (PRECONDITION, "OFFER_NOT_PUBLISHED", "")
    await calls.publish()

    assert await refused(calls.publish("second")) == (EXISTS, "TAG_TAKEN", "")
    await calls.end()
    assert await refused(calls.publish()) == (PRECONDITION, "OFFER_ENDED", "")
    assert await refused(calls.pause()) == (PRECONDITION, "OFFER_ENDED", "")
    calls.clock.forward(timedelta(days=8))
    assert await refused(calls.publish("second")) == (PRECONDITION, "WINDOW_OVER", "")


async def test_a_repeated_request_gets_the_first_answer_and_other_contents_are_refused(calls: Calls) -> None:
    await calls.merchant()
    same = context()
    request = pb.CreateOfferRequest(context=same, offer=wire_offer(calls.clock()))
    first = await calls.stub.CreateOffer(request)
    await calls.update("title", title="New")

    assert await calls.stub.CreateOffer(request) == first
    other = pb.CreateOfferRequest(context=same, offer=wire_offer(calls.clock(), title="Other"))
    assert await refused(calls.stub.CreateOffer(other)) == (EXISTS, "REQUEST_ID_REUSED", "")
    without = pb.PublishOfferRequest(offer_id="kindle")
    assert await refused(calls.stub.PublishOffer(without)) == (INVALID, "INVALID_FIELD", "context.request_id")


async def test_an_unknown_offer_is_not_found(calls: Calls) -> None:
    assert await refused(calls.stub.GetOffer(pb.GetOfferRequest(offer_id="x"))) == (NOT_FOUND, "OFFER_NOT_FOUND", "")


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
    ],
)
async def test_a_bad_question_for_favorites_is_named(
    calls: Calls, request_: pb.ListFavoritesRequest, field: str
) -> None:
    assert await refused(calls.stub.ListFavorites(request_)) == (INVALID, "INVALID_FIELD", field)
