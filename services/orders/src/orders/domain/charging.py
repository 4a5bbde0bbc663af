"""Charging: what payments' word on a charge means for an order in its state; an unknown outcome means nothing yet."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from kernel.ids import ChargeId
from orders.domain.change import Cause, Change, advance
from orders.domain.order import Charge, Order
from orders.domain.states import Fact, State

AUTHORIZATIONS_WHEN_SHIPPED_MAX = 2
"""A lapsed or declined capture asks for one new authorization; a second failure is an operator's."""


class ChargeState(StrEnum):
    """Where a charge stands at payments."""

    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    DECLINED = "DECLINED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    REFUNDED = "REFUNDED"
    LAPSED = "LAPSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSeen:
    """A charge as payments told it, by answer or by event."""

    charge_id: ChargeId
    attempt: int
    state: ChargeState
    card_last4: str = ""
    decline_code: str = ""
    refunded_minor: int = 0


def apply_charge(change: Change, seen: ChargeSeen, cause: Cause) -> Change:
    """Move an order by the state of its charge; a charge of another attempt, or PENDING, moves nothing."""
    order = change.order
    if seen.attempt != order.charge.attempt:
        return change
    match seen.state:
        case ChargeState.PENDING:
            return change
        case ChargeState.AUTHORIZED:
            return _authorized(change, seen, cause)
        case ChargeState.DECLINED | ChargeState.LAPSED:
            return _fallen(change, seen, cause)
        case ChargeState.VOIDED:
            return advance(change, Fact.VOIDED, cause, detail="The authorization was given back.")
        case ChargeState.CAPTURED | ChargeState.REFUNDED:
            return _captured(change, seen, cause)
        case _:
            assert_never(seen.state)


def stuck(change: Change, reason: str, cause: Cause) -> Change:
    """Hand an order to an operator: a peer says that the step can never be done."""
    return advance(change, Fact.STUCK, cause, detail=f"The step cannot be done: {reason}.", reason=reason)


def decline(change: Change, reason: str, cause: Cause) -> Change:
    """Treat a card that cannot be charged at all as declined."""
    return advance(change, Fact.DECLINED, cause, detail=f"Declined: {reason}.", reason=reason)


def _authorized(change: Change, seen: ChargeSeen, cause: Cause) -> Change:
    order = change.order
    if order.charge.charge_id is not None:
        return change
    charge = replace(order.charge, charge_id=seen.charge_id, card_last4=seen.card_last4)
    if order.state is State.AUTHORIZING and order.cancel_reason is not None:
        return advance(
            change, Fact.AUTHORIZED_BUT_TAKEN_BACK, cause, detail="It was taken back meanwhile.", charge=charge
        )
    remorse_ends_at = order.remorse_ends_at or cause.at + cause.limits.remorse
    return advance(
        change,
        Fact.AUTHORIZED,
        cause,
        detail=f"Card ending in {seen.card_last4}.",
        charge=charge,
        remorse_ends_at=remorse_ends_at,
    )


def _fallen(change: Change, seen: ChargeSeen, cause: Cause) -> Change:
    """Answer a charge that holds nothing (any more); what follows depends on how far the order is."""
    lapsed = seen.state is ChargeState.LAPSED
    match change.order.state:
        case State.VOIDING:
            return advance(change, Fact.VOIDED, cause, detail="Nothing is authorised any more.")
        case State.CAPTURING if lapsed:
            return _lapsed_in_capture(change, cause)
        case State.AUTHORIZED | State.READY_TO_SHIP:
            return advance(change, Fact.LAPSED, cause, detail="The authorization ran out.", reason="CHARGE_LAPSED")
        case _:
            return decline(change, seen.decline_code or seen.state.value.lower(), cause)


def _lapsed_in_capture(change: Change, cause: Cause) -> Change:
    attempt = change.order.charge.attempt
    if attempt < AUTHORIZATIONS_WHEN_SHIPPED_MAX:
        detail = "The authorization lapsed; a new one is asked for."
        return advance(change, Fact.LAPSED, cause, detail=detail, charge=Charge(attempt=attempt + 1))
    return advance(change, Fact.LAPSED_AGAIN, cause, detail="The second one lapsed too.", reason="CAPTURE_FAILED")


def _captured(change: Change, seen: ChargeSeen, cause: Cause) -> Change:
    order = change.order
    if order.state is State.REFUNDING:
        return _refunded(change, order, seen, cause)
    return advance(change, Fact.CAPTURED, cause, detail="The money was taken.")


def _refunded(change: Change, order: Order, seen: ChargeSeen, cause: Cause) -> Change:
    refunded_minor = order.refund.refunded_minor + order.refund.asked_minor
    if seen.refunded_minor < refunded_minor or order.terms is None:
        return change
    whole = refunded_minor == order.terms.total.amount_minor
    refund = replace(order.refund, refunded_minor=refunded_minor, asked_minor=0, request_id=None)
    given = replace(order.terms.total, amount_minor=order.refund.asked_minor)
    fact = Fact.REFUNDED_WHOLE if whole else Fact.REFUNDED_PART
    return advance(change, fact, cause, detail=f"{given} given back.", refund=refund)
