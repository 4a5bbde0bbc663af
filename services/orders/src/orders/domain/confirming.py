"""Confirming: what a confirmation does to an order: in time, late, early, again, or by somebody else."""

from dataclasses import dataclass, replace
from datetime import datetime

from kernel.ids import PostId
from kernel.refusals import Refusal, RefusalKind
from orders.domain.change import Announcement, Cause, Change, advance, note, tell
from orders.domain.order import Confirmation, ConfirmationKind, Order
from orders.domain.posts import Post, PostKind, VerdictWord
from orders.domain.states import Event, Fact, State

_NOT_CONFIRMABLE = frozenset({State.EXPIRED, State.CANCELLED, State.REFUSED, State.DECLINED, State.RELEASING})

EARLY = "EARLY"
"""The reason of a confirmation that is kept: what it comes to is said when our reply's time is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """The order after a confirmation, and what the confirmation came to."""

    change: Change
    word: VerdictWord
    reason: str = ""
    displaced: Confirmation | None = None
    """The kept confirmation whose place this one took."""


def confirmation_of(post: Post) -> Confirmation:
    """Read a post as a confirmation; it is judged by the time of this version."""
    reposted = post.kind is PostKind.REPOST
    return Confirmation(
        kind=ConfirmationKind.REPOST if reposted else ConfirmationKind.POST,
        at=post.posted_at,
        post_id=post.post_id,
        version_id=post.version_id,
        target_post_id=post.target_post_id if reposted else None,
    )


def confirm(change: Change, confirmation: Confirmation, cause: Cause) -> Confirming:
    """Decide a confirmation by the order's own author."""
    order = change.order
    if order.state is State.PROMPTING:
        return _while_prompting(change, confirmation, cause)
    if order.state is State.AWAITING_CONFIRMATION:
        return _while_awaiting(change, confirmation, cause)
    if order.confirmation is None and order.state in _NOT_CONFIRMABLE:
        expired = State.EXPIRED in {order.state, order.ends_as}
        return _refused(change, confirmation, "TOO_LATE" if expired else "ORDER_OVER", cause)
    return Confirming(change=change, word=VerdictWord.IGNORED, reason="DUPLICATE")


def prompted(
    change: Change, *, reply_id: PostId, posted_at: datetime, cause: Cause
) -> tuple[Change, Confirming | None]:
    """Apply our posted reply: the window starts at its own time; then decide the confirmation that overtook it."""
    early = change.order.early
    confirm_by = posted_at + cause.limits.confirm_window
    moved = advance(
        change,
        Fact.REPLY_POSTED,
        cause,
        detail=f"Asked for confirmation by {confirm_by:%H:%M:%S} UTC.",
        prompt_post_id=reply_id,
        confirm_by=confirm_by,
        early=None,
    )
    if moved is change or early is None:
        return moved, None
    if early.target_post_id not in {None, reply_id}:
        return moved, Confirming(change=moved, word=VerdictWord.IGNORED, reason="NOT_THE_PROMPT")
    decided = _while_awaiting(moved, early, cause)
    return decided.change, decided


def in_time(order: Order, confirmation: Confirmation) -> bool:
    """Whether a confirmation was made before its window closed, the last instant included."""
    return order.confirm_by is not None and confirmation.at <= order.confirm_by


def refusal_of(outcome: Confirming) -> Refusal | None:
    """Turn a refused confirmation into what a single call answers."""
    if outcome.word is not VerdictWord.REFUSED:
        return None
    message = {
        "TOO_LATE": "The time to confirm is over; post the tag again to buy.",
        "ORDER_OVER": "This order is over and cannot be confirmed; post the tag again to buy.",
    }[outcome.reason]
    return Refusal(kind=RefusalKind.PRECONDITION, reason=outcome.reason, message=message)


def _while_prompting(change: Change, confirmation: Confirmation, cause: Cause) -> Confirming:
    """Honour a button at once, for its address is of this order alone; keep a post until our reply's time is known."""
    if confirmation.kind in {ConfirmationKind.MAIL, ConfirmationKind.PAGE}:
        return _confirmed(change, confirmation, cause)
    early = change.order.early
    if early is not None and _stands_before(early, confirmation):
        return Confirming(change=change, word=VerdictWord.IGNORED, reason="DUPLICATE")
    detail = "It came before our own reply was written down; it is decided with it."
    kept = note(change, "ConfirmationKept", cause, detail=detail, early=confirmation)
    return Confirming(change=kept, word=VerdictWord.CONFIRMED, reason=EARLY, displaced=early)


def _stands_before(early: Confirmation, other: Confirmation) -> bool:
    """Whether a kept confirmation keeps its place: a tag names this order for certain, a repost perhaps another post.

    Of two of a kind the earlier one: posts do not arrive in their order, and the later one may be late.
    """
    kinds = (early.kind is ConfirmationKind.REPOST, other.kind is ConfirmationKind.REPOST)
    return (kinds[0], early.at) <= (kinds[1], other.at)


def _while_awaiting(change: Change, confirmation: Confirmation, cause: Cause) -> Confirming:
    if in_time(change.order, confirmation):
        return _confirmed(change, confirmation, cause)
    return _refused(change, confirmation, "TOO_LATE", cause)


def _confirmed(change: Change, confirmation: Confirmation, cause: Cause) -> Confirming:
    plain = replace(confirmation, target_post_id=None)
    detail = f"Confirmed by {confirmation.kind.lower()}."
    moved = advance(change, Fact.CONFIRMED, cause, detail=detail, confirmation=plain, early=None)
    return Confirming(change=moved, word=VerdictWord.CONFIRMED)


def _refused(change: Change, confirmation: Confirmation, reason: str, cause: Cause) -> Confirming:
    if confirmation.version_id is not None:
        change = tell(
            change,
            Announcement(
                event=Event.CONFIRMATION_REFUSED,
                order=change.order,
                at=cause.at,
                post_id=confirmation.version_id,
                reason=reason,
            ),
        )
    return Confirming(change=change, word=VerdictWord.REFUSED, reason=reason)
