"""The shop of a measurement: one merchant and a few offers with stock for everybody."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hashtill.common.v1.money_pb2 import Money
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.offers.v1 import merchant_pb2, offer_pb2, offers_service_pb2_grpc
from hashtill.offers.v1 import offers_service_pb2 as pb

OFFERS = 4
"""A programme sells a handful of things at a time; their stock rows are what buyers meet at."""

STOCK = 1_000_000

PER_MEMBER_MAX = 100
"""The most an offer may allow: a buyer buys again and again, a thousand of them some hundred times."""

MERCHANT_ID = "bench-house"


async def open_shop(offers: "offers_service_pb2_grpc.OffersServiceAsyncStub") -> Sequence[str]:
    """Enter the merchant, publish its offers, and give their tags."""
    merchant = merchant_pb2.Merchant(
        merchant_id=MERCHANT_ID, display_name="Bench House", support_email="help@bench-house.example"
    )
    await offers.UpdateMerchant(pb.UpdateMerchantRequest(context=_context(), merchant=merchant, allow_missing=True))
    run = secrets.token_hex(2)
    tags = [f"Buy{run}x{number}" for number in range(OFFERS)]
    for number, tag in enumerate(tags):
        offer = _offer(f"bench-{run}-{number}", tag=tag)
        await offers.CreateOffer(pb.CreateOfferRequest(context=_context(), offer=offer))
        await offers.PublishOffer(pb.PublishOfferRequest(context=_context(), offer_id=offer.offer_id))
    return tags


def _offer(offer_id: str, *, tag: str) -> offer_pb2.Offer:
    at = datetime.now(UTC).replace(microsecond=0)
    window = offer_pb2.Window(time_zone="America/New_York")
    window.starts_at.FromDatetime(at - timedelta(minutes=1))
    window.ends_at.FromDatetime(at + timedelta(days=18))
    return offer_pb2.Offer(
        offer_id=offer_id,
        merchant_id=MERCHANT_ID,
        kind=offer_pb2.OFFER_KIND_PURCHASE,
        tag=tag,
        title="Kindle Fire HD",
        price=Money(amount_minor=14_999, currency_code="USD"),
        tax_rule=offer_pb2.TaxRule(default_basis_points=888),
        stock=offer_pb2.Stock(total=STOCK),
        per_member_limit=PER_MEMBER_MAX,
        window=window,
        channels=["x"],
        fulfilment=offer_pb2.FULFILMENT_GOODS,
        ship_to_countries=["US"],
        terms_url="https://offers.acme.example/terms/bench",
    )


def _context() -> RequestContext:
    return RequestContext(request_id=str(uuid.uuid4()), actor="merchant:bench")
