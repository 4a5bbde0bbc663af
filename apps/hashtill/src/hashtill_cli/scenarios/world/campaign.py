"""Campaigns: offers made and ended through the offers API, as a merchant's systems do."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from grpc import aio

from hashtill.common.v1 import money_pb2, request_context_pb2
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from hashtill_cli.programme_files.applying import apply_programme
from hashtill_cli.programme_files.listing import read_offers
from hashtill_cli.programme_files.programme import read_programme
from hashtill_cli.programmes import PROGRAMME_2013, filled_programme
from hashtill_cli.scenarios.world.services import Services

MERCHANT_ID = "trial-house"

CAMPAIGN_DAYS = 18
"""13 February to 3 March."""

PRICE_MINOR = 4_000
TAX_BASIS_POINTS = 888
TOTAL_MINOR = 4_355
"""$40.00 and 8.88 % of it, as the prompt shows it to somebody in New York."""

_LETTERS = "bcdfghjkmnpqrstvwxz"


class CampaignError(Exception):
    """The programme could not be loaded; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a story needs to know of its offer."""

    offer_id: str
    tag: str
    stock: int


def run_code() -> str:
    """Make the suffix of this run: five letters, so that every run has offers and people of its own."""
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


async def load_programme(services: Services, *, run: str) -> None:
    """End what earlier runs left open, to free its tags, and load the programme of 2013. Raises CampaignError."""
    await end_offers(services)
    at = datetime.now(UTC).replace(microsecond=0)
    text = filled_programme(
        starts_at=at - timedelta(minutes=1), ends_at=at + timedelta(days=CAMPAIGN_DAYS), campaign=f"-{run}"
    )
    applied = await apply_programme(read_programme(text, file=PROGRAMME_2013), offers=services.offers)
    if applied.problems:
        raise CampaignError("\n".join(str(problem) for problem in applied.problems))


async def end_offers(services: Services, *, merchant_id: str = "") -> None:
    """End every offer that is published, of one merchant or of all."""
    published = {offer_pb2.OFFER_STATE_SCHEDULED, offer_pb2.OFFER_STATE_LIVE, offer_pb2.OFFER_STATE_PAUSED}
    for offer in await read_offers(services.offers, merchant_id=merchant_id):
        if offer.state in published:
            await services.offers.EndOffer(pb.EndOfferRequest(context=_context(), offer_id=offer.offer_id))


async def open_trial_house(services: Services) -> None:
    """Enter the merchant whose offers the stories buy."""
    merchant = merchant_pb2.Merchant(
        merchant_id=MERCHANT_ID, display_name="Trial House", support_email="help@trial-house.example"
    )
    request = pb.UpdateMerchantRequest(context=_context(), merchant=merchant, allow_missing=True)
    await services.offers.UpdateMerchant(request)


async def publish_offer(services: Services, *, title: str, run: str, stock: int) -> Offer:
    """Create and publish an offer of this run. Raises CampaignError."""
    word = "".join(part.capitalize() for part in title.split())
    offer = Offer(offer_id=f"{title.replace(' ', '-').lower()}-{run}", tag=f"Buy{word}{run}", stock=stock)
    at = datetime.now(UTC).replace(microsecond=0)
    window = offer_pb2.Window(time_zone="America/New_York")
    window.starts_at.FromDatetime(at - timedelta(minutes=1))
    window.ends_at.FromDatetime(at + timedelta(days=1))
    message = offer_pb2.Offer(
        offer_id=offer.offer_id,
        merchant_id=MERCHANT_ID,
        kind=offer_pb2.OFFER_KIND_PURCHASE,
        tag=offer.tag,
        title=title,
        price=_dollars(PRICE_MINOR),
        tax_rule=offer_pb2.TaxRule(default_basis_points=TAX_BASIS_POINTS),
        stock=offer_pb2.Stock(total=stock),
        per_member_limit=1,
        window=window,
        channels=["x"],
        fulfilment=offer_pb2.FULFILMENT_GOODS,
        ship_to_countries=["US"],
        terms_url="https://offers.acme.example/terms/trial",
    )
    try:
        await services.offers.CreateOffer(pb.CreateOfferRequest(context=_context(), offer=message))
        await services.offers.PublishOffer(pb.PublishOfferRequest(context=_context(), offer_id=offer.offer_id))
    except aio.AioRpcError as error:
        raise CampaignError(f"{offer.offer_id}: {error.details()}") from None
    return offer


def _dollars(amount_minor: int) -> money_pb2.Money:
    return money_pb2.Money(amount_minor=amount_minor, currency_code="USD")


def _context() -> request_context_pb2.RequestContext:
    return request_context_pb2.RequestContext(request_id=str(uuid.uuid4()), actor="merchant:trials")
