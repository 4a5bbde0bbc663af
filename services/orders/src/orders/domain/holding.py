"""Holding: what offers' word on a hold means for an order, at the hold, at the commit and at the release."""

from kernel.refusals import Refusal
from kernel.tags import ConfirmationTag
from orders.domain.change import Cause, Change, advance
from orders.domain.order import Terms
from orders.domain.states import CancelReason, Fact, State

_COMMITTED_ONLY = frozenset({State.COMMITTING})


def apply_hold(change: Change, cause: Cause, *, held: Terms | Refusal, tag: ConfirmationTag) -> Change:
    """Ask for the confirmation of what is held, or refuse what cannot be."""
    if isinstance(held, Refusal):
        return advance(change, Fact.HOLD_REFUSED, cause, detail=held.message, reason=held.reason)
    detail = f"{held.title} for {held.total}; asked for #{tag.upper()}."
    return advance(change, Fact.STOCK_HELD, cause, detail=detail, terms=held, confirmation_tag=tag)


def apply_commit(change: Change, cause: Cause, *, refusal: Refusal | None) -> Change:
    """Go on to the card when the hold is final; without it nothing is charged."""
    if refusal is not None:
        return advance(change, Fact.HOLD_LOST, cause, detail=refusal.message, reason="HOLD_LAPSED")
    return advance(change, Fact.HOLD_COMMITTED, cause, detail="The unit is the cardmember's.")


def apply_lost_link(change: Change, cause: Cause) -> Change:
    """Take back an order whose link, read again before the commit, does not buy any more."""
    if change.order.state not in _COMMITTED_ONLY:
        return change
    reason = CancelReason.LINK_ENDED
    detail = "The link was frozen or ended meanwhile."
    return advance(change, Fact.TAKEN_BACK, cause, detail=detail, cancel_reason=reason, reason=reason.value)


def apply_release(change: Change, cause: Cause) -> Change:
    """End an order whose unit is given back."""
    return advance(change, Fact.RELEASED, cause, detail="The unit is given back.")
