"""Deliveries to rows and back."""

from typing import Any

import orjson
from asyncpg import Record

from kernel.ids import CardmemberId, Network, NetworkUserId, OfferId, OrderId, PostId
from notifier.domain.delivery import Channel, Delivery, DeliveryId, DeliveryState, Purpose, Urgency

COLUMNS = (
    "delivery_id, channel, purpose, template, facts, urgency, state, order_id, offer_id, cardmember_id, network,"
    " author_id, in_reply_to, attempts, next_at, tried_at, failure, sent_id, sent_at, created_at, traceparent"
)

TYPES = (
    "uuid", "text", "text", "text", "text", "smallint", "text", "uuid", "text", "uuid", "text",
    "text", "text", "integer", "timestamptz", "timestamptz", "text", "text", "timestamptz", "timestamptz", "text",
)  # fmt: skip

CHANGES = {
    "state": "text",
    "next_at": "timestamptz",
    "failure": "text",
    "sent_id": "text",
    "sent_at": "timestamptz",
    "attempts": "integer",
}
"""What sending may change, with its types; what is said and to whom stays as it was planned."""

LEASED_AS = {"key": "uuid", "was": "text", "leased_at": "timestamptz"}
"""How a delivery was leased: only so may its outcome be written."""

TAKEN_AS = {**LEASED_AS, "attempt": "integer"}
"""With the number of the attempt: who takes a delivery over counts one more, and only the last taker may begin."""


def row_of(delivery: Delivery) -> tuple[Any, ...]:
    """Write a delivery as a row, in the order of COLUMNS."""
    return (
        delivery.delivery_id,
        delivery.channel.value,
        delivery.purpose.value,
        delivery.template,
        orjson.dumps(dict(delivery.facts)).decode(),
        int(delivery.urgency),
        delivery.state.value,
        delivery.order_id,
        delivery.offer_id,
        delivery.cardmember_id,
        delivery.network,
        delivery.author_id,
        delivery.in_reply_to,
        delivery.attempts,
        delivery.next_at,
        delivery.tried_at,
        delivery.failure,
        delivery.sent_id,
        delivery.sent_at,
        delivery.created_at,
        delivery.traceparent,
    )


def leased_as(delivery: Delivery) -> tuple[Any, ...]:
    """Write how a delivery was leased, in the order of LEASED_AS."""
    return (delivery.delivery_id, DeliveryState.SENDING.value, delivery.tried_at)


def taken_as(delivery: Delivery) -> tuple[Any, ...]:
    """Write how a delivery was taken, in the order of TAKEN_AS."""
    return (*leased_as(delivery), delivery.attempts)


def outcome_of(delivery: Delivery) -> tuple[Any, ...]:
    """Write a leased delivery's outcome, in the order of LEASED_AS and CHANGES."""
    return (
        *leased_as(delivery),
        delivery.state.value,
        delivery.next_at,
        delivery.failure,
        delivery.sent_id,
        delivery.sent_at,
        delivery.attempts,
    )


def delivery_of(row: Record) -> Delivery:
    """Read a delivery from a row."""
    return Delivery(
        delivery_id=DeliveryId(row["delivery_id"]),
        channel=Channel(row["channel"]),
        purpose=Purpose(row["purpose"]),
        template=row["template"],
        facts=orjson.loads(row["facts"]),
        urgency=Urgency(row["urgency"]),
        state=DeliveryState(row["state"]),
        order_id=OrderId(row["order_id"]) if row["order_id"] else None,
        offer_id=OfferId(row["offer_id"]) if row["offer_id"] else None,
        cardmember_id=CardmemberId(row["cardmember_id"]) if row["cardmember_id"] else None,
        network=Network(row["network"]) if row["network"] else None,
        author_id=NetworkUserId(row["author_id"]) if row["author_id"] else None,
        in_reply_to=PostId(row["in_reply_to"]) if row["in_reply_to"] else None,
        attempts=row["attempts"],
        next_at=row["next_at"],
        tried_at=row["tried_at"],
        failure=row["failure"],
        sent_id=row["sent_id"],
        sent_at=row["sent_at"],
        created_at=row["created_at"],
        traceparent=row["traceparent"],
    )
