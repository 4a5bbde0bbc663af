"""An order's story: where it stands, what it costs, what can be done now, and each step so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message

from gateway.inbound.pages import spans
from gateway.inbound.pages.order_words import DEADLINES, REASONS, STATES, STEPS, UNKNOWN, Words
from gateway.inbound.pages.view import show_money
from hashtill.orders.v1 import order_pb2 as pb
from hashtill.orders.v1.orders_service_pb2 import ExplainOrderResponse

_CONFIRMABLE = frozenset({pb.ORDER_STATE_PROMPTING, pb.ORDER_STATE_AWAITING_CONFIRMATION})
_CANCELLABLE = frozenset(
    {
        pb.ORDER_STATE_RECEIVED,
        pb.ORDER_STATE_HOLDING,
        pb.ORDER_STATE_PROMPTING,
        pb.ORDER_STATE_AWAITING_CONFIRMATION,
        pb.ORDER_STATE_COMMITTING,
        pb.ORDER_STATE_AUTHORIZING,
        pb.ORDER_STATE_AUTHORIZED,
        pb.ORDER_STATE_READY_TO_SHIP,
    }
)
FINAL = frozenset(
    {
        pb.ORDER_STATE_REFUNDED,
        pb.ORDER_STATE_EXPIRED,
        pb.ORDER_STATE_CANCELLED,
        pb.ORDER_STATE_DECLINED,
        pb.ORDER_STATE_REFUSED,
        pb.ORDER_STATE_VOIDED,
    }
)
"""Nothing follows: an open page stops asking."""

_CONFIRMATIONS = {
    pb.CONFIRMATION_KIND_POST: "by a post of yours",
    pb.CONFIRMATION_KIND_REPOST: "by reposting our reply",
    pb.CONFIRMATION_KIND_MAIL: "by the button in our mail",
    pb.CONFIRMATION_KIND_PAGE: "on this page",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """One step as it is told."""

    text: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the order's page shows; `order` brings amounts and names."""

    order: pb.Order
    words: Words
    why: str
    steps: Sequence[StoryStep]

    @property
    def may_confirm(self) -> bool:
        """Whether the confirm button is shown; orders decides whether it is in time."""
        return self.order.state in _CONFIRMABLE

    @property
    def may_cancel(self) -> bool:
        """Whether it can be cancelled."""
        return self.order.state in _CANCELLABLE and not self.is_disowned

    @property
    def is_disowned(self) -> bool:
        """Whether "not me" was said."""
        return self.order.refusal_reason == "NOT_ME"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self.order.state in FINAL

    @property
    def confirm_by(self) -> datetime | None:
        """Until when to confirm, while that is asked."""
        return _time(self.order, "confirm_by") if self.may_confirm else None

    @property
    def remorse_ends_at(self) -> datetime | None:
        """Until when the order rests here before it goes to the merchant."""
        resting = self.order.state == pb.ORDER_STATE_AUTHORIZED
        return _time(self.order, "remorse_ends_at") if resting else None

    @property
    def deliver_by(self) -> datetime | None:
        """When the parcel is there at the latest."""
        return _time(self.order.shipment, "deliver_by") if self.order.HasField("shipment") else None

    @property
    def is_digital(self) -> bool:
        """Whether it comes by mail instead of by parcel."""
        return self.order.fulfilment == "DIGITAL"

    @property
    def is_delivered(self) -> bool:
        """Whether it came by mail already."""
        return self.is_digital and self.order.state == pb.ORDER_STATE_COMPLETED

    @property
    def refunded(self) -> str:
        """What was given back; empty when nothing was."""
        return show_money(self.order.refunded) if self.order.refunded.amount_minor else ""


def story_of(explained: ExplainOrderResponse) -> Story:
    """Tell an order's story."""
    order = explained.order
    return Story(
        order=order,
        words=STATES.get(order.state, UNKNOWN),
        why=REASONS.get(order.refusal_reason, ""),
        steps=[told for step in explained.steps if (told := _told(step, order)) is not None],
    )


def _told(step: pb.OrderStep, order: pb.Order) -> StoryStep | None:
    text = DEADLINES.get(step.from_state) if step.cause == "DeadlinePassed" else STEPS.get(step.cause)
    if text is None:
        return None
    return StoryStep(text=text, detail=_detail(step.cause, order), at=spans.utc(step.at))


def _detail(cause: str, order: pb.Order) -> str:
    match cause:
        case "PostRead":
            return f"#{order.tag} by @{order.author_handle}"
        case "StockHeld":
            return f"{show_money(order.total)} in all"
        case "Confirmed":
            return _CONFIRMATIONS.get(order.confirmation_kind, "")
        case "ChargeAuthorized" | "ChargeCaptured":
            return f"Card ending in {order.card_last4}" if order.card_last4 else ""
        case "ShipmentRecorded":
            return f"{order.shipment.carrier} {order.shipment.tracking_number}".strip()
        case _:
            return ""


def _time(message: Message, field: str) -> datetime | None:
    return spans.utc(getattr(message, field)) if message.HasField(field) else None
