"""Every RPC on offers over the wire: what it answers, and every refusal the contract names."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from services.offers.tests.offers_world import Clock
from services.offers.tests.served_offers import serving
from services.offers.tests.wire_world import ACME, Calls, context, refused, wire_offer

from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from offers.outbound.memory import MemoryOffersStore, memory_requests_of

INVALID, NOT_FOUND = StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND
EXISTS, PRECONDITION = StatusCode.ALREADY_EXISTS, StatusCode.FAILED_PRECONDITION


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
    for unknown in ("kindle", "", "a\x00b", "a" * 10_000):
        assert await refused(calls.update(offer_id=unknown)) == (NOT_FOUND, "OFFER_NOT_FOUND", "")
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


async def test_every_change_refuses_its_request_id_with_other_contents(calls: Calls) -> None:
    await calls.merchant()
    await calls.create()
    changes: list[tuple[str, Any, Callable[[Any], None]]] = [
        (
            "UpdateMerchant",
            pb.UpdateMerchantRequest(merchant=ACME),
            lambda asked: setattr(asked, "allow_missing", True),
        ),
        ("UpdateOffer", pb.UpdateOfferRequest(offer=wire_offer(calls.clock())), _retitled),
        ("PublishOffer", pb.PublishOfferRequest(offer_id="kindle"), _of_another),
        ("PauseOffer", pb.PauseOfferRequest(offer_id="kindle"), _of_another),
        ("EndOffer", pb.EndOfferRequest(offer_id="kindle"), _of_another),
    ]

    for method, request, change in changes:
        request.context.CopyFrom(context())
        first = await getattr(calls.stub, method)(request)
        assert await getattr(calls.stub, method)(request) == first
        change(request)
        assert await refused(getattr(calls.stub, method)(request)) == (EXISTS, "REQUEST_ID_REUSED", "")


def _retitled(request: pb.UpdateOfferRequest) -> None:
    request.offer.title = "Other"


def _of_another(request: Any) -> None:
    request.offer_id = "another"


async def test_an_unknown_offer_is_not_found(calls: Calls) -> None:
    assert await refused(calls.stub.GetOffer(pb.GetOfferRequest(offer_id="x"))) == (NOT_FOUND, "OFFER_NOT_FOUND", "")
