"""A delivery: one message to one recipient, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import NewType
from uuid import UUID, uuid5

from kernel.ids import CardmemberId, Network, NetworkUserId, OfferId, OrderId, PostId
from kernel.records import changed

DeliveryId = NewType("DeliveryId", UUID)

_DELIVERIES = UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be0d1")


class Channel(StrEnum):
    """How a message travels."""

    POST = "POST"
    REPLY = "REPLY"
    MAIL = "MAIL"


class Purpose(StrEnum):
    """What a message says."""

    OFFER = "OFFER"
    PROMPT = "PROMPT"
    REFUSAL = "REFUSAL"
    RECEIPT = "RECEIPT"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    SHIPPED = "SHIPPED"
    TAKEN_BACK = "TAKEN_BACK"
    REFUNDED = "REFUNDED"
    LINK = "LINK"


class DeliveryState(StrEnum):
    """How far a message is."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class Urgency(IntEnum):
    """Who spends the network's quota first (lowest first)."""

    PROMPT = 0
    VERDICT = 1
    REFUSAL = 2
    RECEIPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message as it stands; the address it goes to is never part of it."""

    delivery_id: DeliveryId
    channel: Channel
    purpose: Purpose
    template: str
    facts: Mapping[str, str]
    created_at: datetime
    next_at: datetime
    urgency: Urgency = Urgency.RECEIPT
    state: DeliveryState = DeliveryState.WAITING
    order_id: OrderId | None = None
    offer_id: OfferId | None = None
    cardmember_id: CardmemberId | None = None
    network: Network | None = None
    author_id: NetworkUserId | None = None
    in_reply_to: PostId | None = None
    attempts: int = 0
    tried_at: datetime | None = None
    failure: str = ""
    sent_id: str = ""
    sent_at: datetime | None = None
    traceparent: str | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether it may be out and nobody knows: it was tried, and what came of it was never written."""
        return self.state is DeliveryState.SENDING and self.failure != NOT_TRIED


ATTEMPTS_MAX = 8
"""With the pauses below about 20 minutes: longer than a network's usual outage, shorter than anyone's patience."""

MAX_AGE: Mapping[Urgency, timedelta] = MappingProxyType(
    {
        Urgency.PROMPT: timedelta(minutes=10),
        Urgency.VERDICT: timedelta(minutes=30),
        Urgency.REFUSAL: timedelta(hours=1),
        Urgency.RECEIPT: timedelta(hours=1),
    }
)
"""How long a healthy delivery waits: a prompt is of no use later, the others outlast an outage and wait for quota; the
watchdog alarms at twice the age."""

LATE_MAX = timedelta(seconds=10)
"""What timed out may still be taken by the network for so long: who looks sooner does not see it and says it twice."""

SILENCE_MAX = timedelta(seconds=40)
"""Whoever tried a post and fell silent has long ended after this: it rests, looks and posts for 26 s at most, and the
network may take a post 10 s late. Only then may another one say it."""

NOT_SEEN = "NOT_SEEN"
"""Why a post is not said again yet: who tried it fell silent, and the network has not shown it so far."""

NOT_TRIED = "NOT_TRIED"
"""Why a leased post is not out: nobody has tried it. Who takes it over from the dead need not look for it."""

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)


def delivery_id_of(*, cause: str, channel: Channel, purpose: Purpose) -> DeliveryId:
    """Derive a delivery's id from what caused it, so that the same cause never makes two."""
    return DeliveryId(uuid5(_DELIVERIES, f"{cause}:{channel}:{purpose}"))


def sent(delivery: Delivery, *, sent_id: str, at: datetime) -> Delivery:
    """Say that the message is out."""
    return changed(delivery, state=DeliveryState.SENT, sent_id=sent_id, sent_at=at, failure="")


def failed(delivery: Delivery, *, reason: str) -> Delivery:
    """Give a message up."""
    return changed(delivery, state=DeliveryState.FAILED, failure=reason)


def skipped(delivery: Delivery, *, reason: str) -> Delivery:
    """Say that a message is not worth sending any more."""
    return changed(delivery, state=DeliveryState.SKIPPED, failure=reason)


def put_off(delivery: Delivery, *, until: datetime) -> Delivery:
    """Let a message wait for quota; it was not tried, so it costs no attempt."""
    attempts = max(delivery.attempts - 1, 0)
    return changed(delivery, state=DeliveryState.WAITING, next_at=until, attempts=attempts, failure="")


def outcome_unknown(delivery: Delivery, *, reason: str, at: datetime) -> Delivery:
    """Nobody knows whether it is out: it stays SENDING, and the next taker looks before it speaks."""
    if delivery.attempts >= ATTEMPTS_MAX:
        return failed(delivery, reason=reason)
    rest = SILENCE_MAX if reason == NOT_SEEN else max(LATE_MAX, _pause(delivery))
    return changed(delivery, failure=reason, next_at=at + rest)


def tried_in_vain(delivery: Delivery, *, reason: str, at: datetime) -> Delivery:
    """Try again later, with a pause that doubles; give up after the last attempt."""
    if delivery.attempts >= ATTEMPTS_MAX:
        return failed(delivery, reason=reason)
    return changed(delivery, state=DeliveryState.WAITING, next_at=at + _pause(delivery), failure=reason)


def _pause(delivery: Delivery) -> timedelta:
    doublings: int = 2 ** max(delivery.attempts - 1, 0)
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)
