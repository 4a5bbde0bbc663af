"""Order messages: an order as the protobuf message that calls answer and events carry."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from hashtill.common.v1 import money_pb2
from hashtill.orders.v1 import order_pb2
from kernel.money import Money
from orders.domain.order import Confirmation, ConfirmationKind, Order, Shipment, Terms
from orders.domain.states import CancelReason, State

STATES = {state: order_pb2.OrderState.Value(f"ORDER_STATE_{state}") for state in State}
CANCEL_REASONS = {reason: order_pb2.CancelReason.Value(f"CANCEL_REASON_{reason}") for reason in CancelReason}
_KINDS = {kind: order_pb2.ConfirmationKind.Value(f"CONFIRMATION_KIND_{kind}") for kind in ConfirmationKind}


def order_message(order: Order) -> order_pb2.Order:
    """Write an order as it stands."""
    message = order_pb2.Order(
        order_id=str(order.order_id),
        state=STATES[order.state],
        version=order.version,
        network=order.network,
        post_id=order.post_id,
        author_id=order.author_id,
        author_handle=order.author_handle,
        link_id=str(order.link_id),
        cardmember_id=str(order.cardmember_id),
        tag=order.tag,
        confirmation_tag=order.confirmation_tag or "",
        prompt_post_id=order.prompt_post_id or "",
        confirm_by=moment(order.confirm_by),
        card_last4=order.charge.card_last4,
        charge_id=str(order.charge.charge_id or ""),
        remorse_ends_at=moment(order.remorse_ends_at),
        refusal_reason=order.reason,
        posted_at=moment(order.posted_at),
        created_at=moment(order.created_at),
        updated_at=moment(order.updated_at),
    )
    if order.terms is not None:
        _add_terms(message, order.terms, refunded_minor=order.refund.refunded_minor)
    if order.confirmation is not None:
        _add_confirmation(message, order.confirmation)
    if order.shipment is not None:
        message.shipment.CopyFrom(_shipment(order.shipment))
    return message


def moment(at: datetime | None) -> Timestamp | None:
    """Write a time that may be missing."""
    return None if at is None else timestamp(at)


def timestamp(at: datetime) -> Timestamp:
    """Write a time by its fields, which costs a quarter of protobuf's FromDatetime."""
    return Timestamp(seconds=int(at.timestamp()), nanos=at.microsecond * 1_000)


def money_message(money: Money) -> money_pb2.Money:
    """Write an amount."""
    return money_pb2.Money(amount_minor=money.amount_minor, currency_code=money.currency_code)


def _add_terms(message: order_pb2.Order, terms: Terms, *, refunded_minor: int) -> None:
    message.offer_id, message.merchant_id = terms.offer_id, terms.merchant_id
    message.merchant_name, message.title = terms.merchant_name, terms.title
    message.fulfilment = "DIGITAL" if terms.digital else "GOODS"
    message.price.CopyFrom(money_message(terms.price))
    message.tax.CopyFrom(money_message(terms.tax))
    message.shipping.CopyFrom(money_message(terms.shipping))
    message.total.CopyFrom(money_message(terms.total))
    if refunded_minor:
        message.refunded.amount_minor = refunded_minor
        message.refunded.currency_code = terms.total.currency_code


def _add_confirmation(message: order_pb2.Order, confirmation: Confirmation) -> None:
    message.confirmation_kind = _KINDS[confirmation.kind]
    message.confirmation_post_id = confirmation.post_id or ""
    message.confirmed_at.CopyFrom(timestamp(confirmation.at))


def _shipment(shipment: Shipment) -> order_pb2.Shipment:
    return order_pb2.Shipment(
        accepted_at=moment(shipment.accepted_at),
        deliver_by=moment(shipment.deliver_by),
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        shipped_at=moment(shipment.shipped_at),
    )
