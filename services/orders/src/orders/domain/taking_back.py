"""Taking back: cancel, "not me", a deleted post, a lost link; and when it is too late for that."""

from kernel.refusals import Refusal, RefusalKind
from orders.domain.change import Cause, Change, advance, note
from orders.domain.states import CancelReason, Event, Fact, State

_WITH_THE_MERCHANT = frozenset(
    {
        State.SHIPPING,
        State.CAPTURING,
        State.COMPLETED,
        State.REFUNDING,
        State.NEEDS_ATTENTION,
    }
)
_TAKEN_BACK = frozenset({State.CANCELLED, State.VOIDED})

ALREADY_SHIPPING = Refusal(
    kind=RefusalKind.PRECONDITION,
    reason="ALREADY_SHIPPING",
    message="The merchant has taken the order on; ask the merchant for a return instead.",
)
ORDER_OVER = Refusal(
    kind=RefusalKind.PRECONDITION, reason="ORDER_OVER", message="The order is over; there is nothing to take back."
)


def take_back(change: Change, reason: CancelReason, cause: Cause) -> Change | Refusal:
    """Take an order back; one that is taken back already stays as it is. "Not me" is heard in every state."""
    if reason is CancelReason.NOT_ME:
        return _disown(change, cause)
    order = change.order
    if order.state in _TAKEN_BACK or order.ends_as in _TAKEN_BACK or order.cancel_reason is not None:
        return change
    if order.state in _WITH_THE_MERCHANT:
        return ALREADY_SHIPPING
    return _taken_back(change, reason, cause) or ORDER_OVER


def delete_post(change: Change, cause: Cause) -> Change:
    """Take an order back because its post was deleted before it was confirmed; a kept confirmation came first."""
    if change.order.early is not None:
        return change
    reason = CancelReason.POST_DELETED
    return advance(
        change, Fact.POST_DELETED, cause, detail="The post was deleted.", cancel_reason=reason, reason=reason.value
    )


def lose_link(change: Change, cause: Cause) -> Change:
    """Take an order back because its link was frozen or ended; what the merchant has taken on goes its way."""
    if change.order.cancel_reason is not None:
        return change
    return _taken_back(change, CancelReason.LINK_ENDED, cause) or change


def _disown(change: Change, cause: Cause) -> Change:
    if not change.order.disowned:
        detail = 'The cardmember said "not me".'
        change = note(change, "Disowned", cause, detail=detail, told=Event.DISOWNED, disowned=True)
    if change.order.cancel_reason is not None:
        return change
    return _taken_back(change, CancelReason.NOT_ME, cause) or change


def _taken_back(change: Change, reason: CancelReason, cause: Cause) -> Change | None:
    detail = f"Taken back: {reason.value.lower().replace('_', ' ')}."
    moved = advance(change, Fact.TAKEN_BACK, cause, detail=detail, cancel_reason=reason, reason=reason.value)
    return None if moved is change else moved
