"""Order messages: an order as the protobuf message that calls answer and events carry."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.timestamps import timestamp
from hashtill.common.v1 import money_pb2
from hashtill.orders.v1 import order_pb2
from kernel.money import Money
from orders.domain.order import Confirmation, ConfirmationKind, Order, Shipment, Terms
from orders.domain.states import CancelReason, State

Fields: TypeAlias = Any
"""A message as its fields by name: constructors take these for a message inside, though their stubs do not know it."""

STATES = {state: order_pb2.OrderState.Value(f"ORDER_STATE_{state}") for state in State}
CANCEL_REASONS = {reason: order_pb2.CancelReason.Value(f"CANCEL_REASON_{reason}") for reason in CancelReason}
_KINDS = {kind: order_pb2.ConfirmationKind.Value(f"CONFIRMATION_KIND_{kind}") for kind in ConfirmationKind}
_NONE: Mapping[str, Any] = MappingProxyType({})


def order_message(order: Order) -> order_pb2.Order:
    """Write an order as it stands."""
    return order_pb2.Order(**order_fields(order))


def order_fields(order: Order) -> Fields:
    """Give the fields of the order's message: an event made with these is spared the copy of a message."""
    return {
        "order_id": str(order.order_id),
        "state": STATES[order.state],
        "version": order.version,
        "network": order.network,
        "post_id": order.post_id,
        "author_id": order.author_id,
        "author_handle": order.author_handle,
        "link_id": str(order.link_id),
        "cardmember_id": str(order.cardmember_id),
        "tag": order.tag,
        "confirmation_tag": order.confirmation_tag,
        "prompt_post_id": order.prompt_post_id,
        "confirm_by": moment(order.confirm_by),
        "card_last4": order.charge.card_last4,
        "charge_id": str(order.charge.charge_id or ""),
        "remorse_ends_at": moment(order.remorse_ends_at),
        "refusal_reason": order.reason,
        "posted_at": moment(order.posted_at),
        "created_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        **(_terms(order.terms, refunded_minor=order.refund.refunded_minor) if order.terms is not None else _NONE),
        **(_confirmation(order.confirmation) if order.confirmation is not None else _NONE),
        **(_shipment(order.shipment) if order.shipment is not None else _NONE),
    }


def moment(at: datetime | None) -> Timestamp | None:
    """Write a time that may be missing."""
    return None if at is None else timestamp(at)


def money_message(money: Money) -> money_pb2.Money:
    """Write an amount."""
    return money_pb2.Money(amount_minor=money.amount_minor, currency_code=money.currency_code)


def _terms(terms: Terms, *, refunded_minor: int) -> Fields:
    currency = terms.total.currency_code
    return {
        "offer_id": terms.offer_id,
        "merchant_id": terms.merchant_id,
        "merchant_name": terms.merchant_name,
        "title": terms.title,
        "fulfilment": "DIGITAL" if terms.digital else "GOODS",
        "price": _money(terms.price),
        "tax": _money(terms.tax),
        "shipping": _money(terms.shipping),
        "total": _money(terms.total),
        "refunded": {"amount_minor": refunded_minor, "currency_code": currency} if refunded_minor else None,
    }


def _money(money: Money) -> Fields:
    return {"amount_minor": money.amount_minor, "currency_code": money.currency_code}


def _confirmation(confirmation: Confirmation) -> Fields:
    return {
        "confirmation_kind": _KINDS[confirmation.kind],
        "confirmation_post_id": confirmation.post_id,
        "confirmed_at": timestamp(confirmation.at),
    }


def _shipment(shipment: Shipment) -> Fields:
    return {
        "shipment": {
            "accepted_at": moment(shipment.accepted_at),
            "deliver_by": moment(shipment.deliver_by),
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
            "shipped_at": moment(shipment.shipped_at),
        }
    }
