"""Offers' facts as the outbox rows that tell them."""

from typing import assert_never

from chassis.outbox import KeyValueChange, OutboxMessage, Outgoing
from chassis.timestamps import timestamp
from hashtill.offers.v1 import events_pb2, offer_pb2
from kernel.ids import message_id_of
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
from offers.outbound.messages import KINDS, offer_message

KNOWN_TAGS = "known_tags"


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
        kind=KINDS[known.kind],
        channels=known.channels,
        ends_at=timestamp(known.ends_at),
        known_until=timestamp(known.known_until),
    )
    return KeyValueChange(
        bucket=KNOWN_TAGS, key=known.tag, version=known.version, value=value.SerializeToString(deterministic=True)
    )


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
    return OutboxMessage(aggregate=fact.offer_id, version=fact.offer_version, event=event, at=fact.at, message_id=stock)
