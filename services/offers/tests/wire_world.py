"""The world of the wire tests: an offer as a request has it, and the reason a call was refused for."""

import uuid
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio
from services.offers.tests.offers_world import Clock

from chassis.refusal_status import refusal_of
from hashtill.common.v1 import money_pb2, request_context_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2, offers_service_pb2_grpc
from hashtill.offers.v1 import offers_service_pb2 as pb

AsyncStub: TypeAlias = "offers_service_pb2_grpc.OffersServiceAsyncStub"
"""The stub over an asynchronous channel; only the typing file knows it."""


def context(request_id: str = "") -> request_context_pb2.RequestContext:
    """A context of its own, unless the test repeats one."""
    return request_context_pb2.RequestContext(request_id=request_id or str(uuid.uuid4()))


def moment(at: datetime) -> Timestamp:
    """Write a moment."""
    written = Timestamp()
    written.FromDatetime(at)
    return written


def wire_offer(at: datetime, **changes: Any) -> offer_pb2.Offer:
    """An offer as a request has it: it opened a day ago and closes in a week."""
    fields: dict[str, Any] = {
        "offer_id": "kindle",
        "merchant_id": "acme",
        "kind": offer_pb2.OFFER_KIND_PURCHASE,
        "tag": "BuyKindleFireHD",
        "title": "Kindle Fire HD",
        "price": money_pb2.Money(amount_minor=149_99, currency_code="USD"),
        "tax_rule": offer_pb2.TaxRule(region_basis_points={"NY": 887}),
        "stock": offer_pb2.Stock(total=10),
        "per_member_limit": 1,
        "window": offer_pb2.Window(
            starts_at=moment(at - timedelta(days=1)),
            ends_at=moment(at + timedelta(days=7)),
            time_zone="America/New_York",
        ),
        "channels": ["x"],
        "fulfilment": offer_pb2.FULFILMENT_GOODS,
        "ship_to_countries": ["US"],
        "terms_url": "https://acme.example/terms",
    }
    return offer_pb2.Offer(**fields | changes)


def wire_hold(at: datetime, **changes: Any) -> pb.HoldItem:
    """One unit wanted by a new order of a new cardmember."""
    fields: dict[str, Any] = {
        "order_id": str(uuid.uuid4()),
        "cardmember_id": str(uuid.uuid4()),
        "network": "x",
        "tag": "buykindlefirehd",
        "posted_at": moment(at),
        "ship_to_country": "US",
        "ship_to_region": "NY",
    }
    return pb.HoldItem(**fields | changes)


async def refused(call: Awaitable[Any]) -> tuple[grpc.StatusCode, str, str]:
    """Give the code, the reason and the field (or nothing) a call was refused with."""
    with pytest.raises(aio.AioRpcError) as raised:
        await call
    refusal = refusal_of(raised.value)
    assert refusal is not None, raised.value
    return raised.value.code(), refusal.reason, refusal.facts.get("field", "")


ACME = merchant_pb2.Merchant(merchant_id="acme", display_name="Acme", support_email="help@acme.example")


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
