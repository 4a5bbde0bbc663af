"""Overdue: what the passing of time does to an order."""

from datetime import datetime
from typing import Any

from orders.domain.change import Cause, Change, advance
from orders.domain.shipping import ship_digital
from orders.domain.states import CancelReason, Fact, State

_WHY: dict[State, tuple[str, dict[str, Any]]] = {
    State.HOLDING: ("No unit could be held in time.", {"reason": "TOO_BUSY"}),
    State.PROMPTING: ("Our reply could not be posted in time.", {"reason": "REPLY_NOT_POSSIBLE"}),
    State.AUTHORIZED: ("The remorse time is over.", {}),
    State.READY_TO_SHIP: (
        "The merchant did not take it on in time.",
        {"reason": CancelReason.NOT_SHIPPED.value, "cancel_reason": CancelReason.NOT_SHIPPED},
    ),
    State.SHIPPING: ("The merchant took it on and did not ship in time.", {"reason": CancelReason.NOT_SHIPPED.value}),
}


EXPIRED_REASON = "NOT_CONFIRMED"
EXPIRED_DETAIL = "No confirmation came in time."


def expire(change: Change, cutoff_at: datetime, cause: Cause) -> Change:
    """Let an unconfirmed order expire when its window closed by the cutoff; the set-based statement does the same.

    Its next step is due at once and nobody's yet: a hundred thousand may expire in a second, and peers set the pace.
    """
    order = change.order
    over = order.deadline_at is not None and order.deadline_at <= cutoff_at
    if order.state is not State.AWAITING_CONFIRMATION or not over or order.early is not None:
        return change
    due: dict[str, Any] = {"reason": EXPIRED_REASON, "next_step_at": cause.at}
    return advance(change, Fact.DEADLINE_PASSED, cause, detail=EXPIRED_DETAIL, **due)


def pass_deadline(change: Change, cause: Cause) -> Change:
    """Move an order whose deadline has passed; digital goods then go their way by themselves."""
    deadline_at = change.order.deadline_at
    if deadline_at is None or deadline_at > cause.at or change.order.state not in _WHY:
        return change
    detail, updates = _WHY[change.order.state]
    moved = advance(change, Fact.DEADLINE_PASSED, cause, detail=detail, **updates)
    return ship_digital(moved, cause)
