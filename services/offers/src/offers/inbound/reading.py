"""Reading requests: what the wire says becomes the domain's words, or a refusal that names the field."""

import re
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.validation import read_choice, read_text, read_time, read_uuid, refuse_field
from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import offer_pb2, offers_service_pb2
from kernel.ids import CardmemberId, MerchantId, Network, OfferId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal, RefusedError
from kernel.tags import canonical_tag
from offers.domain.drafting import OfferDraft
from offers.domain.hold import HoldAsked
from offers.domain.offer import Fulfilment, OfferKind, OfferState, TaxRule
from offers.domain.violations import COUNTRY, NETWORK, REGION
from offers.usecases.ports import OfferFilter

TAG_CHARACTERS_MAX = 280
"""A post's longest tag; one that no offer can have is simply not found."""

ID_CHARACTERS_MAX = 50

_KINDS = {offer_pb2.OFFER_KIND_PURCHASE: OfferKind.PURCHASE}
_FULFILMENTS = {
    offer_pb2.FULFILMENT_GOODS: Fulfilment.GOODS,
    offer_pb2.FULFILMENT_DIGITAL: Fulfilment.DIGITAL,
}
_STATES = {
    offer_pb2.OFFER_STATE_DRAFT: OfferState.DRAFT,
    offer_pb2.OFFER_STATE_SCHEDULED: OfferState.SCHEDULED,
    offer_pb2.OFFER_STATE_LIVE: OfferState.LIVE,
    offer_pb2.OFFER_STATE_PAUSED: OfferState.PAUSED,
    offer_pb2.OFFER_STATE_ENDED: OfferState.ENDED,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


def accepted(answer: T | Refusal) -> T:
    """Give the answer of a single call; a refusal ends the call."""
    if isinstance(answer, Refusal):
        raise RefusedError(answer)
    return answer


def read_draft(message: offer_pb2.Offer) -> OfferDraft:
    """Take an offer as it was written; the domain checks every field and names all that are wrong."""
    return OfferDraft(
        offer_id=message.offer_id,
        merchant_id=message.merchant_id,
        kind=_KINDS.get(message.kind),
        tag=message.tag,
        title=message.title,
        description=message.description,
        price=_money(message.price) if message.HasField("price") else None,
        shipping=_money(message.shipping) if message.HasField("shipping") else None,
        tax_rule=TaxRule(
            default_basis_points=message.tax_rule.default_basis_points,
            region_basis_points=dict(sorted(message.tax_rule.region_basis_points.items())),
        ),
        stock_total=message.stock.total,
        per_member_limit=message.per_member_limit,
        starts_at=_time(message.window.starts_at),
        ends_at=_time(message.window.ends_at),
        time_zone=message.window.time_zone,
        channels=tuple(message.channels),
        fulfilment=_FULFILMENTS.get(message.fulfilment),
        ship_to_countries=tuple(message.ship_to_countries),
        terms_url=message.terms_url,
    )


def read_offer_id(value: str) -> OfferId:
    """Take an offer's id; any text that is no offer's is simply not found."""
    return OfferId(read_text(value, "offer_id", characters_max=ID_CHARACTERS_MAX))


def read_network(value: str) -> Network | None:
    """Take a network to filter by; empty means all."""
    return Network(_shaped(value, "network", NETWORK, "x")) if value else None


def read_filter(request: offers_service_pb2.ListOffersRequest) -> OfferFilter:
    """Take which offers a list shows."""
    merchant_id = read_text(request.merchant_id, "merchant_id", characters_max=ID_CHARACTERS_MAX, required=False)
    states = [read_choice(state, _STATES, f"states[{index}]") for index, state in enumerate(request.states)]
    return OfferFilter(merchant_id=MerchantId(merchant_id) if merchant_id else None, states=frozenset(states))


def read_hold(item: offers_service_pb2.HoldItem, path: str) -> HoldAsked:
    """Take one unit wanted."""
    tag = read_text(item.tag, f"{path}.tag", characters_max=TAG_CHARACTERS_MAX)
    region = item.ship_to_region and _shaped(item.ship_to_region, f"{path}.ship_to_region", REGION, "NY")
    return HoldAsked(
        order_id=read_order_id(item.order_id, f"{path}.order_id"),
        cardmember_id=CardmemberId(read_uuid(item.cardmember_id, f"{path}.cardmember_id")),
        network=Network(_shaped(item.network, f"{path}.network", NETWORK, "x")),
        tag=canonical_tag(tag),
        posted_at=read_time(item.posted_at, f"{path}.posted_at"),
        ship_to_country=_shaped(item.ship_to_country, f"{path}.ship_to_country", COUNTRY, "US"),
        ship_to_region=region,
    )


def read_order_id(value: str, path: str) -> OrderId:
    """Take an order's id."""
    return OrderId(read_uuid(value, path))


def _shaped(value: str, path: str, shape: re.Pattern[str], example: str) -> str:
    if shape.fullmatch(value) is None:
        refuse_field(path, f"must look like {example}.")
    return value


def _money(message: money_pb2.Money) -> Money:
    return Money(amount_minor=message.amount_minor, currency_code=message.currency_code)


def _time(message: Timestamp) -> datetime | None:
    """Take a moment; None when it is unset or no moment at all."""
    if not message.seconds and not message.nanos:
        return None
    try:
        return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1_000)
    except OverflowError:
        return None
