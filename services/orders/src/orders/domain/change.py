"""Change: what facts made of an order, with its story and what is to be told; `advance` is the only way to move."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from kernel.ids import PostId
from kernel.records import changed
from orders.domain import saga
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.states import Deadline, Event, Fact, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why an order is looked at: when (database clock), by which limits, and the message, request or post behind it."""

    at: datetime
    limits: Limits
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of an order's story; `from_state` is None for its birth."""

    version: int
    from_state: State | None
    to_state: State
    cause: str
    cause_id: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One fact to tell: the order as it stood; for a refused confirmation the post to answer and the reason."""

    event: Event
    order: Order
    at: datetime
    post_id: PostId | None = None
    reason: str = ""
    window_seconds: int = 0
    """The length of the confirmation window; a prompt names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An order before (None for one being born) and after, step by step."""

    before: Order | None
    order: Order
    steps: tuple[Step, ...] = ()
    told: tuple[Announcement, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether there is anything to save."""
        return bool(self.steps)


def looked_at(order: Order) -> Change:
    """Open an order for facts; nothing has changed yet."""
    return Change(before=order, order=order)


def advance(change: Change, fact: Fact, cause: Cause, *, detail: str = "", **updates: Any) -> Change:
    """Apply a fact by the saga's table; what the table does not know changes nothing."""
    order = change.order
    transition = saga.step(order.state, fact)
    if transition is None:
        return change
    state = transition.state or order.ends_as
    if state is None:
        raise ValueError(f"{order.order_id} is in {order.state} without the state it leads to.")
    if state is not order.state or transition.command is not None:
        confirm_by = updates.get("confirm_by", order.confirm_by)
        updates = _entering(transition, cause, confirm_by=confirm_by) | updates
    updates |= {"state": state, "version": order.version + 1, "updated_at": cause.at}
    moved = changed(order, ends_as=transition.ends_as or order.ends_as, **updates)
    event = transition.event if transition.state else saga.TOLD_AT_THE_END[state]
    return _with_step(change, moved, cause=fact.value, detail=detail, told=event, by=cause)


def note(
    change: Change, text: str, cause: Cause, *, detail: str = "", told: Event | None = None, **updates: Any
) -> Change:
    """Add to an order without moving it: a kept confirmation, a "not me"."""
    order = changed(change.order, **updates, version=change.order.version + 1, updated_at=cause.at)
    return _with_step(change, order, cause=text, detail=detail, told=told, by=cause)


def born(order: Order, cause: Cause) -> Change:
    """Begin an order's story: it is received, and its first step is taken with it."""
    first = Step(
        version=order.version,
        from_state=None,
        to_state=order.state,
        cause="PostRead",
        cause_id=cause.id,
        detail=f"#{order.tag} posted by @{order.author_handle}.",
    )
    change = Change(before=None, order=order, steps=(first,))
    return advance(change, Fact.STEP_TAKEN, cause, detail="A unit is asked for.")


def tell(change: Change, announcement: Announcement) -> Change:
    """Tell something that moves nothing."""
    return replace(change, told=(*change.told, announcement))


def deadline_of(deadline: Deadline | None, cause: Cause, *, confirm_by: datetime | None) -> datetime | None:
    """Say when a state entered now is over."""
    match deadline:
        case None:
            return None
        case Deadline.REPLY:
            return cause.at + cause.limits.prompting
        case Deadline.CONFIRM_BY:
            return confirm_by
        case Deadline.REMORSE:
            return cause.at + cause.limits.remorse
        case Deadline.UNSHIPPED:
            return cause.at + cause.limits.unshipped
        case _:
            assert_never(deadline)


def _entering(transition: saga.Transition, cause: Cause, *, confirm_by: datetime | None) -> dict[str, Any]:
    return {
        "deadline_at": deadline_of(transition.deadline, cause, confirm_by=confirm_by),
        "next_step_at": cause.at + cause.limits.lease if transition.command else None,
        "attempts": 0,
    }


def _with_step(change: Change, order: Order, *, cause: str, detail: str, told: Event | None, by: Cause) -> Change:
    step = Step(
        version=order.version,
        from_state=change.order.state,
        to_state=order.state,
        cause=cause,
        cause_id=by.id,
        detail=detail,
    )
    announced = change.told
    if told is not None:
        window_seconds = int(by.limits.confirm_window.total_seconds())
        announced = (*announced, Announcement(event=told, order=order, at=by.at, window_seconds=window_seconds))
    return Change(before=change.before, order=order, steps=(*change.steps, step), told=announced)
