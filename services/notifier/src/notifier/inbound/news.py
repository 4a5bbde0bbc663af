"""Events as news: protobuf messages become domain words, amounts and times ready to be told."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messages import ReceivedMessage
from hashtill.common.v1.money_pb2 import Money as MoneyMessage
from hashtill.identity.v1 import events_pb2 as identity_events
from hashtill.offers.v1 import events_pb2 as offers_events
from hashtill.orders.v1 import events_pb2 as orders_events
from hashtill.orders.v1.order_pb2 import CONFIRMATION_KIND_POST, Order
from kernel.ids import CardmemberId, Network, NetworkUserId, OfferId, OrderId, PostId
from kernel.money import Money
from notifier.domain.news import (
    Cause,
    LinkNews,
    LinkNewsKind,
    News,
    OfferNews,
    OrderNews,
    OrderNewsKind,
    OrderView,
    RefusalNews,
)

ORDER_KINDS: dict[type[Any], OrderNewsKind] = {
    orders_events.OrderHeld: OrderNewsKind.HELD,
    orders_events.ConfirmationRefused: OrderNewsKind.CONFIRMATION_REFUSED,
    orders_events.OrderExpired: OrderNewsKind.EXPIRED,
    orders_events.OrderDeclined: OrderNewsKind.DECLINED,
    orders_events.OrderAuthorized: OrderNewsKind.AUTHORIZED,
    orders_events.OrderShipped: OrderNewsKind.SHIPPED,
    orders_events.OrderCompleted: OrderNewsKind.COMPLETED,
    orders_events.OrderCancelled: OrderNewsKind.CANCELLED,
    orders_events.OrderVoided: OrderNewsKind.VOIDED,
    orders_events.OrderRefunded: OrderNewsKind.REFUNDED,
}

LINK_KINDS: dict[type[Any], LinkNewsKind] = {
    identity_events.LinkActivated: LinkNewsKind.ACTIVATED,
    identity_events.LinkFrozen: LinkNewsKind.FROZEN,
    identity_events.LinkEnded: LinkNewsKind.ENDED,
}

PRICES_MAX = 1024
"""Amounts kept as written: an order has five, and the orders of one offer have the same ones."""

_NOT_TOLD = frozenset({"RELINKED"})
"""Ends that the cardmember brought about by linking anew; the new link's mail says enough."""


def news_of(message: ReceivedMessage) -> list[News]:
    """Translate one message; what nobody is told of gives nothing."""
    event = message.event
    if type(event) in ORDER_KINDS:
        return [_order_news(message)]
    if isinstance(event, orders_events.PurchaseRefused):
        return [_refusal_news(message, event)]
    if isinstance(event, offers_events.OfferPublished):
        return [_offer_news(message, event, network) for network in event.offer.channels]
    if type(event) in LINK_KINDS:
        return _link_news(message)
    return []


def _order_news(message: ReceivedMessage) -> OrderNews:
    event: Any = message.event
    return OrderNews(
        kind=ORDER_KINDS[type(event)],
        order=_view(event.order),
        cause=_cause(message),
        reason=getattr(event, "reason", "") if isinstance(event, orders_events.ConfirmationRefused) else "",
        answer_to=PostId(event.post_id) if isinstance(event, orders_events.ConfirmationRefused) else None,
        confirm_window_seconds=getattr(event, "confirm_window_seconds", 0),
    )


def _refusal_news(message: ReceivedMessage, event: orders_events.PurchaseRefused) -> RefusalNews:
    return RefusalNews(
        network=Network(event.network),
        post_id=PostId(event.post_id),
        author_id=NetworkUserId(event.author_id),
        author_handle=event.author_handle,
        order_id=_id(event.order_id, OrderId),
        cardmember_id=_id(event.cardmember_id, CardmemberId),
        tag=event.tag,
        reason=event.reason,
        cause=_cause(message),
    )


def _offer_news(message: ReceivedMessage, event: offers_events.OfferPublished, network: str) -> OfferNews:
    offer = event.offer
    return OfferNews(
        offer_id=OfferId(offer.offer_id),
        network=Network(network),
        tag=offer.tag,
        title=offer.title,
        price=_written(offer.price),
        ends_at=_moment(offer.window.ends_at),
        time_zone=offer.window.time_zone,
        cause=_cause(message),
    )


def _link_news(message: ReceivedMessage) -> list[News]:
    event: Any = message.event
    reason = str(getattr(event, "reason", ""))
    if not event.cardmember_id or reason in _NOT_TOLD:
        return []
    return [
        LinkNews(
            kind=LINK_KINDS[type(event)],
            link_id=event.link_id,
            cardmember_id=CardmemberId(UUID(event.cardmember_id)),
            network=Network(event.network),
            reason=reason,
            cause=_cause(message),
        )
    ]


def _view(order: Order) -> OrderView:
    by_post = order.confirmation_kind == CONFIRMATION_KIND_POST and order.confirmation_post_id
    return OrderView(
        order_id=OrderId(UUID(order.order_id)),
        version=order.version,
        network=Network(order.network),
        post_id=PostId(order.post_id),
        author_id=NetworkUserId(order.author_id),
        author_handle=order.author_handle,
        cardmember_id=_id(order.cardmember_id, CardmemberId),
        merchant=order.merchant_name,
        title=order.title,
        price=_written(order.price),
        tax=_written(order.tax),
        shipping=_written(order.shipping),
        total=_written(order.total),
        refunded=_written(order.refunded),
        confirmation_tag=order.confirmation_tag,
        confirming_post_id=PostId(order.confirmation_post_id) if by_post else None,
        card_last4=order.card_last4,
        digital=order.fulfilment == "DIGITAL",
        remorse_ends_at=_moment(order.remorse_ends_at) if order.HasField("remorse_ends_at") else None,
        deliver_by=_moment(order.shipment.deliver_by) if order.shipment.HasField("deliver_by") else None,
        carrier=order.shipment.carrier,
        tracking_number=order.shipment.tracking_number,
    )


def _cause(message: ReceivedMessage) -> Cause:
    return Cause(message_id=message.message_id, at=message.at, traceparent=message.traceparent)


def _id(text: str, kind: Callable[[UUID], Any]) -> Any:
    return kind(UUID(text)) if text else None


def _written(money: MoneyMessage) -> str:
    return _price(money.amount_minor, money.currency_code or "USD")


@lru_cache(maxsize=PRICES_MAX)
def _price(amount_minor: int, currency_code: str) -> str:
    return str(Money(amount_minor=amount_minor, currency_code=currency_code))


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
