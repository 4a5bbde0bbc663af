"""Messages: what is told, as outbox messages with the order's own trace."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from google.protobuf.message import Message

from chassis.outbox import OutboxMessage
from hashtill.orders.v1 import events_pb2
from kernel.ids import message_id_of, order_id_of
from orders.domain.change import Announcement
from orders.domain.purchasing import PostRefused
from orders.domain.states import CancelReason, Event
from orders.outbound.order_messages import CANCEL_REASONS, moment, order_fields

Write: TypeAlias = Callable[[Announcement], Message]


def message_of(told: Announcement | PostRefused) -> OutboxMessage:
    """Write what is told; a fact about a post that made no order has the order it would have made as its aggregate."""
    return _post_refused(told) if isinstance(told, PostRefused) else _announced(told)


def _announced(told: Announcement) -> OutboxMessage:
    order = told.order
    event = _WRITERS[told.event](told)
    return OutboxMessage(
        aggregate=str(order.order_id),
        version=order.version,
        event=event,
        at=told.at,
        message_id=_own_id(told),
        traceparent=order.traceparent,
    )


def _own_id(told: Announcement) -> str:
    """Give each refused confirmation an id of its own: several may come at one version of the order."""
    if told.event is not Event.CONFIRMATION_REFUSED:
        return ""
    name = f"{told.event}:{told.post_id}"
    return message_id_of(aggregate=str(told.order.order_id), version=told.order.version, event=name)


def _post_refused(told: PostRefused) -> OutboxMessage:
    post = told.post
    event = events_pb2.PurchaseRefused(
        network=post.network,
        post_id=post.version_id,
        author_id=post.author_id,
        author_handle=post.author_handle,
        cardmember_id=str(told.cardmember_id or ""),
        tag=told.tag,
        reason=told.reason,
        refused_at=moment(told.at),
        language=told.language,
        posted_at=moment(post.posted_at),
    )
    aggregate = str(order_id_of(network=post.network, post_id=post.post_id))
    return OutboxMessage(aggregate=aggregate, version=1, event=event, at=told.at, traceparent=post.traceparent)


def _purchase_refused(told: Announcement) -> Message:
    order = told.order
    return events_pb2.PurchaseRefused(
        order_id=str(order.order_id),
        network=order.network,
        post_id=order.version_id,
        author_id=order.author_id,
        author_handle=order.author_handle,
        cardmember_id=str(order.cardmember_id),
        tag=order.tag,
        reason=order.reason,
        refused_at=moment(told.at),
        language=order.language,
        posted_at=moment(order.posted_at),
    )


def _confirmation_refused(told: Announcement) -> Message:
    return events_pb2.ConfirmationRefused(
        order=order_fields(told.order), post_id=told.post_id or "", reason=told.reason, refused_at=moment(told.at)
    )


def _held(told: Announcement) -> Message:
    return events_pb2.OrderHeld(
        order=order_fields(told.order), confirm_window_seconds=told.window_seconds, held_at=moment(told.at)
    )


def _declined(told: Announcement) -> Message:
    return events_pb2.OrderDeclined(
        order=order_fields(told.order), decline_code=told.order.reason, declined_at=moment(told.at)
    )


def _taken_back(event: Callable[..., Message], time_field: str) -> Write:
    def write(told: Announcement) -> Message:
        reason = told.order.cancel_reason or CancelReason.NOT_SHIPPED
        return event(order=order_fields(told.order), reason=CANCEL_REASONS[reason], **{time_field: moment(told.at)})

    return write


def _plain(event: Callable[..., Message], time_field: str) -> Write:
    def write(told: Announcement) -> Message:
        return event(order=order_fields(told.order), **{time_field: moment(told.at)})

    return write


_WRITERS: Mapping[Event, Write] = MappingProxyType(
    {
        Event.PURCHASE_REFUSED: _purchase_refused,
        Event.CONFIRMATION_REFUSED: _confirmation_refused,
        Event.HELD: _held,
        Event.PROMPTED: _plain(events_pb2.OrderPrompted, "prompted_at"),
        Event.CONFIRMED: _plain(events_pb2.OrderConfirmed, "confirmed_at"),
        Event.EXPIRED: _plain(events_pb2.OrderExpired, "expired_at"),
        Event.DECLINED: _declined,
        Event.AUTHORIZED: _plain(events_pb2.OrderAuthorized, "authorized_at"),
        Event.READY_TO_SHIP: _plain(events_pb2.OrderReadyToShip, "ready_at"),
        Event.ACCEPTED: _plain(events_pb2.OrderShipmentAccepted, "accepted_at"),
        Event.SHIPPED: _plain(events_pb2.OrderShipped, "shipped_at"),
        Event.COMPLETED: _plain(events_pb2.OrderCompleted, "completed_at"),
        Event.CANCELLED: _taken_back(events_pb2.OrderCancelled, "cancelled_at"),
        Event.VOIDED: _taken_back(events_pb2.OrderVoided, "voided_at"),
        Event.REFUNDED: _plain(events_pb2.OrderRefunded, "refunded_at"),
        Event.DISOWNED: _plain(events_pb2.OrderDisowned, "disowned_at"),
        Event.NEEDS_ATTENTION: _plain(events_pb2.OrderNeedsAttention, "raised_at"),
    }
)
