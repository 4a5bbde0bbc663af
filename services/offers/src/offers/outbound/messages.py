"""Offers' records as protobuf messages."""

from datetime import datetime

from chassis.timestamps import timestamp
from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import hold_pb2, merchant_pb2, offer_pb2
from kernel.money import Money
from offers.domain.hold import Hold
from offers.domain.merchant import Merchant
from offers.domain.offer import Fulfilment, Offer, OfferKind, OfferState, Stock, Terms

KINDS = {OfferKind.PURCHASE: offer_pb2.OFFER_KIND_PURCHASE}
"""The wire's words for what an offer gives."""

_STATES = {
    OfferState.DRAFT: offer_pb2.OFFER_STATE_DRAFT,
    OfferState.SCHEDULED: offer_pb2.OFFER_STATE_SCHEDULED,
    OfferState.LIVE: offer_pb2.OFFER_STATE_LIVE,
    OfferState.PAUSED: offer_pb2.OFFER_STATE_PAUSED,
    OfferState.ENDED: offer_pb2.OFFER_STATE_ENDED,
}
_FULFILMENTS = {
    Fulfilment.GOODS: offer_pb2.FULFILMENT_GOODS,
    Fulfilment.DIGITAL: offer_pb2.FULFILMENT_DIGITAL,
}


def offer_message(offer: Offer, *, at: datetime) -> offer_pb2.Offer:
    """Show an offer as it stands at a moment."""
    message = _terms_message(offer.terms)
    message.offer_id = offer.offer_id
    message.stock.CopyFrom(_stock_message(offer.stock))
    message.state = _STATES[offer.state_at(at)]
    message.sold_out = offer.stock.sold_out
    message.version = offer.version
    message.updated_at.FromDatetime(offer.updated_at)
    return message


def money_message(money: Money) -> money_pb2.Money:
    """Show an amount."""
    return money_pb2.Money(amount_minor=money.amount_minor, currency_code=money.currency_code)


def hold_message(hold: Hold) -> hold_pb2.Hold:
    """Show a hold with the terms it was promised at."""
    promise = hold.promise
    return hold_pb2.Hold(
        order_id=str(hold.order_id),
        offer_id=hold.offer_id,
        offer_version=promise.offer_version,
        merchant_id=promise.merchant_id,
        merchant_name=promise.merchant_name,
        title=promise.title,
        tag=promise.tag,
        price=money_message(promise.price),
        tax=money_message(promise.tax),
        shipping=money_message(promise.shipping),
        total=money_message(promise.total),
        fulfilment=_FULFILMENTS[promise.fulfilment],
        lapse_at=timestamp(hold.lapse_at),
        terms_url=promise.terms_url,
    )


def merchant_message(merchant: Merchant) -> merchant_pb2.Merchant:
    """Show a merchant."""
    return merchant_pb2.Merchant(
        merchant_id=merchant.merchant_id,
        display_name=merchant.display_name,
        support_email=merchant.support_email,
        updated_at=timestamp(merchant.updated_at),
    )


def _terms_message(terms: Terms) -> offer_pb2.Offer:
    window = offer_pb2.Window(
        starts_at=timestamp(terms.window.starts_at),
        ends_at=timestamp(terms.window.ends_at),
        time_zone=terms.window.time_zone,
    )
    tax_rule = offer_pb2.TaxRule(
        default_basis_points=terms.tax_rule.default_basis_points,
        region_basis_points=terms.tax_rule.region_basis_points,
    )
    return offer_pb2.Offer(
        merchant_id=terms.merchant_id,
        kind=KINDS[terms.kind],
        tag=terms.tag,
        title=terms.title,
        description=terms.description,
        price=money_message(terms.price),
        shipping=money_message(terms.shipping),
        tax_rule=tax_rule,
        per_member_limit=terms.per_member_limit,
        window=window,
        channels=terms.channels,
        fulfilment=_FULFILMENTS[terms.fulfilment],
        ship_to_countries=terms.ship_to_countries,
        terms_url=terms.terms_url,
    )


def _stock_message(stock: Stock) -> offer_pb2.Stock:
    return offer_pb2.Stock(total=stock.total, available=stock.available, held=stock.held, committed=stock.committed)
