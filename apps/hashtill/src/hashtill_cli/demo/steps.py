"""Steps: which service did what an order's log tells, in a sentence."""

from hashtill.orders.v1 import order_pb2
from kernel.money import Money

_WHO = {
    "PostRead": "gateway",
    "StepTaken": "orders",
    "StockHeld": "offers",
    "ReplyPosted": "notifier",
    "ConfirmationKept": "orders",
    "Confirmed": "orders",
    "HoldCommitted": "offers",
    "ChargeAuthorized": "payments",
    "DeadlinePassed": "orders",
    "ShipmentAccepted": "merchant",
    "ShipmentRecorded": "merchant",
    "ChargeCaptured": "payments",
}


def told_of(step: order_pb2.OrderStep, order: order_pb2.Order) -> tuple[str, str]:
    """Give who did a step, and what it was."""
    return _WHO.get(step.cause, "orders"), _words(step, order)


def _words(step: order_pb2.OrderStep, order: order_pb2.Order) -> str:
    total = Money(amount_minor=order.total.amount_minor, currency_code=order.total.currency_code)
    match step.cause:
        case "ChargeAuthorized":
            return f"{total} authorised on the card ending in {order.card_last4}"
        case "ChargeCaptured":
            return f"{total} charged to the card ending in {order.card_last4}"
        case "ShipmentRecorded":
            return f"the parcel is on its way: {step.detail}"
        case "ShipmentAccepted":
            return f"accepted the order. {step.detail}"
        case _:
            return step.detail
