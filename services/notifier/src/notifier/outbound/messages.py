"""The notifier's facts as protobuf events."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.outbox import OutboxMessage
from hashtill.notifier.v1 import delivery_pb2, events_pb2
from notifier.domain.delivery import Delivery, Purpose
from notifier.domain.events import DeliveryFact, DeliveryFactKind

PURPOSES = {purpose: delivery_pb2.Purpose.Value(f"PURPOSE_{purpose.value}") for purpose in Purpose}


def message_of(fact: DeliveryFact) -> OutboxMessage:
    """Write a fact as the event that tells it; the aggregate is the order where there is one, for order's sake."""
    delivery = fact.delivery
    return OutboxMessage(
        aggregate=str(delivery.order_id or delivery.delivery_id),
        version=1,
        event=_event_of(fact),
        at=fact.at,
        message_id=f"{fact.kind}:{delivery.delivery_id}",
        traceparent=delivery.traceparent,
    )


def stamp(at: datetime) -> Timestamp:
    """Write a time."""
    written = Timestamp()
    written.FromDatetime(at)
    return written


def _event_of(fact: DeliveryFact) -> events_pb2.ReplyPosted | events_pb2.ReplyFailed | events_pb2.MailAccepted:
    match fact.kind:
        case DeliveryFactKind.REPLY_POSTED:
            return _reply_posted(fact.delivery, at=fact.at)
        case DeliveryFactKind.REPLY_FAILED:
            return _reply_failed(fact.delivery, at=fact.at)
        case DeliveryFactKind.MAIL_ACCEPTED:
            return _mail_accepted(fact.delivery, at=fact.at)


def _reply_posted(delivery: Delivery, *, at: datetime) -> events_pb2.ReplyPosted:
    return events_pb2.ReplyPosted(
        delivery_id=str(delivery.delivery_id),
        purpose=PURPOSES[delivery.purpose],
        order_id=str(delivery.order_id or ""),
        network=delivery.network or "",
        post_id=delivery.sent_id,
        in_reply_to_post_id=delivery.in_reply_to or "",
        posted_at=stamp(at),
    )


def _reply_failed(delivery: Delivery, *, at: datetime) -> events_pb2.ReplyFailed:
    return events_pb2.ReplyFailed(
        delivery_id=str(delivery.delivery_id),
        purpose=PURPOSES[delivery.purpose],
        order_id=str(delivery.order_id or ""),
        network=delivery.network or "",
        in_reply_to_post_id=delivery.in_reply_to or "",
        reason=delivery.failure,
        failed_at=stamp(at),
    )


def _mail_accepted(delivery: Delivery, *, at: datetime) -> events_pb2.MailAccepted:
    return events_pb2.MailAccepted(
        delivery_id=str(delivery.delivery_id),
        purpose=PURPOSES[delivery.purpose],
        order_id=str(delivery.order_id or ""),
        cardmember_id=str(delivery.cardmember_id or ""),
        message_id=delivery.sent_id,
        accepted_at=stamp(at),
    )
