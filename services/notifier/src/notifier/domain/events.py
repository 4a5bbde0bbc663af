"""Facts the notifier tells: a reply is posted, a reply was given up, a mail was taken."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifier.domain.delivery import Channel, Delivery, DeliveryState


class DeliveryFactKind(StrEnum):
    """Which fact it is."""

    REPLY_POSTED = "REPLY_POSTED"
    REPLY_FAILED = "REPLY_FAILED"
    MAIL_ACCEPTED = "MAIL_ACCEPTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFact:
    """One fact about a delivery as it stood right after."""

    kind: DeliveryFactKind
    delivery: Delivery
    at: datetime


_TOLD = {
    (Channel.REPLY, DeliveryState.SENT): DeliveryFactKind.REPLY_POSTED,
    (Channel.REPLY, DeliveryState.FAILED): DeliveryFactKind.REPLY_FAILED,
    (Channel.MAIL, DeliveryState.SENT): DeliveryFactKind.MAIL_ACCEPTED,
}


def facts_of(*deliveries: Delivery, at: datetime) -> list[DeliveryFact]:
    """Tell what became of deliveries just saved; what still waits is nobody's business."""
    told = [(_TOLD.get((each.channel, each.state)), each) for each in deliveries]
    return [DeliveryFact(kind=kind, delivery=each, at=each.sent_at or at) for kind, each in told if kind is not None]
