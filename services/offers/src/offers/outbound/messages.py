"""Offers' records and facts as protobuf messages and outbox rows."""

from datetime import datetime
from typing import assert_never

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.outbox import KeyValueChange, OutboxMessage, Outgoing
from hashtill.common.v1 import money_pb2
from hashtill.offers.v1 import events_pb2, hold_pb2, merchant_pb2, offer_pb2
from kernel.ids import message_id_of
from kernel.money import Money
from offers.domain.events import (
    KnownTag,
    OfferChanged,
    OfferEnded,
    OfferFact,
    OfferPublished,
    StockExhausted,
    TagForgotten,
    TagKnown,
)
from offers.domain.hold import Hold
from offers.domain.merchant import Merchant
from offers.domain.offer import Fulfilment, Offer, OfferKind, OfferState, Stock, Terms

KNOWN_TAGS = "known_tags"

_KINDS = {OfferKind.PURCHASE: offer_pb2.OFFER_KIND_PURCHASE}
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


def outgoing(fact: OfferFact) -> Outgoing:
    """Write a fact as the row that tells it; the aggregate is the offer, for tags the key."""
    match fact:
        case TagKnown(known=known):
            return known_tag_change(known)
        case TagForgotten():
            return KeyValueChange(bucket=KNOWN_TAGS, key=fact.tag, version=fact.version, value=None)
        case StockExhausted():
            return _stock_exhausted(fact)
        case OfferPublished() | OfferChanged() | OfferEnded():
            return OutboxMessage(
                aggregate=fact.offer.offer_id, version=fact.offer.version, event=_event_of(fact), at=fact.at
            )
        case _:
            assert_never(fact)


def known_tag_change(known: KnownTag) -> KeyValueChange:
    """Put a tag's entry into the bucket."""
    value = offer_pb2.KnownTag(
        tag=known.tag,
        offer_id=known.offer_id,
        kind=_KINDS[known.kind],
        channels=known.channels,
        ends_at=timestamp(known.ends_at),
        known_until=timestamp(known.known_until),
    )
    return KeyValueChange(
        bucket=KNOWN_TAGS, key=known.tag, version=known.version, value=value.SerializeToString(deterministic=True)
    )


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


def timestamp(at: datetime) -> Timestamp:
    """Show a moment."""
    shown = Timestamp()
    shown.FromDatetime(at)
    return shown


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
        kind=_KINDS[terms.kind],
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


def _event_of(
    fact: OfferPublished | OfferChanged | OfferEnded,
) -> events_pb2.OfferPublished | events_pb2.OfferChanged | events_pb2.OfferEnded:
    at = timestamp(fact.at)
    match fact:
        case OfferPublished():
            return events_pb2.OfferPublished(offer=offer_message(fact.offer, at=fact.at), published_at=at)
        case OfferChanged():
            return events_pb2.OfferChanged(offer=offer_message(fact.offer, at=fact.at), changed_at=at)
        case OfferEnded():
            return events_pb2.OfferEnded(offer_id=fact.offer.offer_id, ended_at=at)
        case _:
            assert_never(fact)


def _stock_exhausted(fact: StockExhausted) -> OutboxMessage:
    """Tell it under the offer's version; stock runs out more than once in a version, so the id is the stock's."""
    event = events_pb2.StockExhausted(
        offer_id=fact.offer_id,
        held=fact.stock.held,
        committed=fact.stock.committed,
        exhausted_at=timestamp(fact.at),
    )
    stock = message_id_of(aggregate=f"{fact.offer_id}/stock", version=fact.stock.version, event="StockExhausted")
    return OutboxMessage(
        aggregate=fact.offer_id, version=fact.offer_version, event=event, at=fact.at, message_id=str(stock)
    )
