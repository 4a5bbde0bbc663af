"""The saga: a pure table from (state, fact) to what follows; whatever is not in it changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from orders.domain.states import Command, Deadline, Event, Fact, State

FINAL = frozenset({State.REFUNDED, State.EXPIRED, State.CANCELLED, State.DECLINED, State.REFUSED, State.VOIDED})
"""States that nothing leaves."""

UNCONFIRMED = frozenset({State.RECEIVED, State.HOLDING, State.PROMPTING, State.AWAITING_CONFIRMATION, State.VERIFYING})
"""States that hold stock for somebody who has not said yes: what the cap on open orders counts."""

STEPPING: Mapping[State, Command] = MappingProxyType(
    {
        State.HOLDING: Command.HOLD,
        State.COMMITTING: Command.COMMIT,
        State.AUTHORIZING: Command.AUTHORIZE,
        State.CAPTURING: Command.CAPTURE,
        State.VOIDING: Command.VOID,
        State.RELEASING: Command.RELEASE,
        State.REFUNDING: Command.REFUND,
    }
)
"""What the step runner does in each state that waits for a peer; see `command_of` for CAPTURING."""

TIMED = frozenset({State.HOLDING, State.PROMPTING, State.AUTHORIZED, State.READY_TO_SHIP, State.SHIPPING})
"""States whose deadline the database clock judges; AWAITING_CONFIRMATION waits for the network's own clock."""

MAX_AGE: Mapping[State, timedelta] = MappingProxyType(
    {
        State.RECEIVED: timedelta(minutes=1),
        State.HOLDING: timedelta(minutes=15),
        State.PROMPTING: timedelta(minutes=15),
        State.AWAITING_CONFIRMATION: timedelta(minutes=30),
        State.VERIFYING: timedelta(minutes=30),
        State.COMMITTING: timedelta(minutes=5),
        State.AUTHORIZING: timedelta(minutes=15),
        State.AUTHORIZED: timedelta(minutes=45),
        State.READY_TO_SHIP: timedelta(days=7),
        State.SHIPPING: timedelta(days=7),
        State.CAPTURING: timedelta(minutes=15),
        State.REFUNDING: timedelta(minutes=15),
        State.RELEASING: timedelta(minutes=5),
        State.VOIDING: timedelta(minutes=15),
    }
)
"""How long a healthy order stays; the watchdog alarms at twice the age. COMPLETED and NEEDS_ATTENTION have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What follows: the next state (None: the one RELEASING was entered for), what to do, until when, what to tell."""

    state: State | None
    command: Command | None = None
    deadline: Deadline | None = None
    event: Event | None = None
    ends_as: State | None = None
    """Entering RELEASING: the final state it leads to."""


def step(state: State, fact: Fact) -> Transition | None:
    """Look up what a fact does in a state; None when it changes nothing."""
    return TABLE.get((state, fact))


def command_of(state: State, *, authorized: bool) -> Command | None:
    """Say what the step runner does for an order now; CAPTURING without a live authorization asks for one first."""
    if state is State.CAPTURING and not authorized:
        return Command.AUTHORIZE
    return STEPPING.get(state)


def _releasing(ends_as: State) -> Transition:
    return Transition(state=State.RELEASING, command=Command.RELEASE, ends_as=ends_as)


_REFUSE = Transition(state=State.REFUSED, event=Event.PURCHASE_REFUSED)
_COMMIT = Transition(state=State.COMMITTING, command=Command.COMMIT, event=Event.CONFIRMED)
_VOID = Transition(state=State.VOIDING, command=Command.VOID)
_ATTENTION = Transition(state=State.NEEDS_ATTENTION, event=Event.NEEDS_ATTENTION)
_CAPTURE = Transition(state=State.CAPTURING, command=Command.CAPTURE, event=Event.SHIPPED)
_REFUND = Transition(state=State.REFUNDING, command=Command.REFUND)
_COMPLETE = Transition(state=State.COMPLETED, event=Event.COMPLETED)

_ASKING: dict[tuple[State, Fact], Transition] = {
    (State.RECEIVED, Fact.STEP_TAKEN): Transition(state=State.HOLDING, command=Command.HOLD, deadline=Deadline.REPLY),
    (State.HOLDING, Fact.STOCK_HELD): Transition(state=State.PROMPTING, deadline=Deadline.REPLY, event=Event.HELD),
    (State.HOLDING, Fact.HOLD_REFUSED): _REFUSE,
    (State.HOLDING, Fact.DEADLINE_PASSED): _releasing(State.REFUSED),
    (State.PROMPTING, Fact.REPLY_POSTED): Transition(
        state=State.AWAITING_CONFIRMATION, deadline=Deadline.CONFIRM_BY, event=Event.PROMPTED
    ),
    (State.PROMPTING, Fact.CONFIRMED): _COMMIT,
    (State.PROMPTING, Fact.REPLY_FAILED): _releasing(State.REFUSED),
    (State.PROMPTING, Fact.DEADLINE_PASSED): _releasing(State.REFUSED),
    (State.AWAITING_CONFIRMATION, Fact.CONFIRMED): _COMMIT,
    (State.AWAITING_CONFIRMATION, Fact.DEADLINE_PASSED): _releasing(State.EXPIRED),
}

# A second step is asked for by risk, which does not exist yet: nothing makes VERIFICATION_ASKED, so nothing gets here.
_VERIFYING: dict[tuple[State, Fact], Transition] = {
    (State.AWAITING_CONFIRMATION, Fact.VERIFICATION_ASKED): Transition(
        state=State.VERIFYING, deadline=Deadline.CONFIRM_BY
    ),
    (State.VERIFYING, Fact.VERIFIED): _COMMIT,
    (State.VERIFYING, Fact.DEADLINE_PASSED): _releasing(State.EXPIRED),
}

_TAKING_BACK: dict[tuple[State, Fact], Transition] = {
    **{(state, Fact.TAKEN_BACK): _releasing(State.CANCELLED) for state in (*UNCONFIRMED, State.COMMITTING)},
    **{(state, Fact.POST_DELETED): _releasing(State.CANCELLED) for state in UNCONFIRMED},
    # In flight nobody knows what there is to give back: remember it, and void when the answer is known.
    (State.AUTHORIZING, Fact.TAKEN_BACK): Transition(state=State.AUTHORIZING),
    (State.AUTHORIZED, Fact.TAKEN_BACK): _VOID,
    (State.READY_TO_SHIP, Fact.TAKEN_BACK): _VOID,
}

_CHARGING: dict[tuple[State, Fact], Transition] = {
    (State.COMMITTING, Fact.HOLD_COMMITTED): Transition(state=State.AUTHORIZING, command=Command.AUTHORIZE),
    (State.COMMITTING, Fact.HOLD_LOST): _REFUSE,
    (State.AUTHORIZING, Fact.AUTHORIZED): Transition(
        state=State.AUTHORIZED, deadline=Deadline.REMORSE, event=Event.AUTHORIZED
    ),
    (State.AUTHORIZING, Fact.AUTHORIZED_BUT_TAKEN_BACK): _VOID,
    (State.AUTHORIZING, Fact.DECLINED): _releasing(State.DECLINED),
    (State.AUTHORIZING, Fact.STUCK): _ATTENTION,
    (State.AUTHORIZED, Fact.LAPSED): _VOID,
    (State.AUTHORIZED, Fact.DEADLINE_PASSED): Transition(
        state=State.READY_TO_SHIP, deadline=Deadline.UNSHIPPED, event=Event.READY_TO_SHIP
    ),
}

_SHIPPING: dict[tuple[State, Fact], Transition] = {
    (State.READY_TO_SHIP, Fact.ACCEPTED): Transition(
        state=State.SHIPPING, deadline=Deadline.UNSHIPPED, event=Event.ACCEPTED
    ),
    (State.READY_TO_SHIP, Fact.LAPSED): _VOID,
    (State.READY_TO_SHIP, Fact.DEADLINE_PASSED): _VOID,
    (State.SHIPPING, Fact.SHIPPED): _CAPTURE,
    (State.SHIPPING, Fact.DEADLINE_PASSED): _ATTENTION,
    (State.CAPTURING, Fact.CAPTURED): _COMPLETE,
    (State.CAPTURING, Fact.LAPSED): Transition(state=State.CAPTURING, command=Command.AUTHORIZE),
    (State.CAPTURING, Fact.AUTHORIZED): Transition(state=State.CAPTURING, command=Command.CAPTURE),
    (State.CAPTURING, Fact.LAPSED_AGAIN): _ATTENTION,
    (State.CAPTURING, Fact.DECLINED): _ATTENTION,
    (State.CAPTURING, Fact.STUCK): _ATTENTION,
    (State.NEEDS_ATTENTION, Fact.SHIPPED): _CAPTURE,
    (State.NEEDS_ATTENTION, Fact.CAPTURED): _COMPLETE,
}

_GIVING_BACK: dict[tuple[State, Fact], Transition] = {
    (State.VOIDING, Fact.VOIDED): _releasing(State.VOIDED),
    (State.VOIDING, Fact.STUCK): _ATTENTION,
    (State.RELEASING, Fact.RELEASED): Transition(state=None),
    (State.COMPLETED, Fact.RETURN_ASKED): _REFUND,
    (State.NEEDS_ATTENTION, Fact.RETURN_ASKED): _REFUND,
    (State.REFUNDING, Fact.REFUNDED_PART): Transition(state=State.COMPLETED, event=Event.REFUNDED),
    (State.REFUNDING, Fact.REFUNDED_WHOLE): Transition(state=State.REFUNDED, event=Event.REFUNDED),
    (State.REFUNDING, Fact.STUCK): _ATTENTION,
}

TABLE: Mapping[tuple[State, Fact], Transition] = MappingProxyType(
    _ASKING | _VERIFYING | _TAKING_BACK | _CHARGING | _SHIPPING | _GIVING_BACK
)
"""The whole saga."""

TOLD_AT_THE_END: Mapping[State, Event] = MappingProxyType(
    {
        State.EXPIRED: Event.EXPIRED,
        State.CANCELLED: Event.CANCELLED,
        State.DECLINED: Event.DECLINED,
        State.REFUSED: Event.PURCHASE_REFUSED,
        State.VOIDED: Event.VOIDED,
    }
)
"""What is told when RELEASING ends: the unit is given back before anybody hears of it."""
