"""Shipping: the merchant takes an order on, ships it, and takes goods back."""

import uuid
from dataclasses import replace

from kernel.ids import MerchantId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from orders.domain import saga
from orders.domain.business_days import deliver_by
from orders.domain.change import Cause, Change, advance
from orders.domain.order import Order, Shipment, Terms
from orders.domain.states import Fact, State

DIGITAL_CARRIER = "E-MAIL"
"""What a shipment of digital goods names: they travel with the mail."""

NOT_FOUND = Refusal(kind=RefusalKind.NOT_FOUND, reason="ORDER_NOT_FOUND", message="There is no such order.")

_OVER = saga.FINAL | {State.VOIDING, State.RELEASING}


def accept(change: Change, merchant_id: MerchantId, cause: Cause) -> Change | Refusal:
    """Take an order on; from now on it cannot be cancelled. Taking on again changes nothing."""
    order = change.order
    if not _sells(order, merchant_id):
        return NOT_FOUND
    if order.state is State.READY_TO_SHIP:
        return _accepted(change, cause)
    if order.shipment is not None:
        return change
    if order.state in _OVER:
        return _no("ORDER_OVER", "The order is over; do not ship it.")
    return _no("NOT_READY_TO_SHIP", "The remorse time is not over yet; ListShipmentsDue shows it when it is.")


def record_shipment(
    change: Change, merchant_id: MerchantId, *, carrier: str, tracking_number: str, cause: Cause
) -> Change | Refusal:
    """Note that the parcel is on its way, which takes the money. The same shipment again changes nothing."""
    order = change.order
    if not _sells(order, merchant_id):
        return NOT_FOUND
    if order.shipment is None:
        over = order.state in _OVER
        return (
            _no("ORDER_OVER", "The order is over; do not ship it.")
            if over
            else _no("NOT_ACCEPTED", "Take the order on with AcceptShipment first.")
        )
    if order.shipment.shipped_at is not None:
        same = (order.shipment.carrier, order.shipment.tracking_number) == (carrier, tracking_number)
        return change if same else _no("SHIPMENT_DIFFERS", "Another shipment of this order is recorded already.")
    return _shipped(change, order.shipment, carrier=carrier, tracking_number=tracking_number, cause=cause)


def request_return(
    change: Change, merchant_id: MerchantId, amount: Money | None, *, why: str, cause: Cause
) -> Change | Refusal:
    """Give all (no amount) or part of the money back; what the processor refused may be asked for again."""
    order = change.order
    if order.terms is None or not _sells(order, merchant_id):
        return NOT_FOUND
    if order.state is State.REFUNDING:
        return _no("REFUND_RUNNING", "Another refund of this order is under way; try again when it is done.")
    if order.state not in {State.COMPLETED, State.REFUNDED} and not _was_refused_a_refund(order):
        return _no("NOT_COMPLETED", "Nothing was taken for this order yet; cancel it instead.")
    left = left_to_refund(order, order.terms)
    asked = left if amount is None else amount
    if asked.currency_code != left.currency_code or left < asked or asked.amount_minor <= 0:
        return _no("REFUND_ABOVE_CAPTURED", f"At most {left} of this order can be given back.")
    refund = replace(
        order.refund,
        request_id=uuid.uuid5(order.order_id, f"refund:{order.version}"),
        asked_minor=asked.amount_minor,
    )
    detail = f"{asked} to be given back. {why}".strip()
    return advance(change, Fact.RETURN_ASKED, cause, detail=detail, refund=refund, reason="")


def ship_digital(change: Change, cause: Cause) -> Change:
    """Take on and ship digital goods that are ready, with nobody asked."""
    terms = change.order.terms
    if change.order.state is not State.READY_TO_SHIP or terms is None or not terms.digital:
        return change
    accepted = _accepted(change, cause)
    shipment = accepted.order.shipment or Shipment(accepted_at=cause.at, deliver_by=cause.at)
    return _shipped(accepted, shipment, carrier=DIGITAL_CARRIER, tracking_number="", cause=cause)


def left_to_refund(order: Order, terms: Terms) -> Money:
    """Reckon what was taken and not given back."""
    return replace(terms.total, amount_minor=terms.total.amount_minor - order.refund.refunded_minor)


def _accepted(change: Change, cause: Cause) -> Change:
    digital = change.order.terms is not None and change.order.terms.digital
    due = cause.at if digital else deliver_by(cause.at)
    detail = f"To be delivered by {due:%Y-%m-%d}."
    return advance(change, Fact.ACCEPTED, cause, detail=detail, shipment=Shipment(accepted_at=cause.at, deliver_by=due))


def _shipped(change: Change, shipment: Shipment, *, carrier: str, tracking_number: str, cause: Cause) -> Change:
    sent = replace(shipment, carrier=carrier, tracking_number=tracking_number, shipped_at=cause.at)
    detail = f"{carrier} {tracking_number}".strip()
    return advance(change, Fact.SHIPPED, cause, detail=detail, shipment=sent, reason="")


def _was_refused_a_refund(order: Order) -> bool:
    return order.state is State.NEEDS_ATTENTION and order.refund.request_id is not None


def _sells(order: Order, merchant_id: MerchantId) -> bool:
    return order.terms is not None and order.terms.merchant_id == merchant_id


def _no(reason: str, message: str) -> Refusal:
    return Refusal(kind=RefusalKind.PRECONDITION, reason=reason, message=message)
