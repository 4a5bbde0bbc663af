"""Ending a hold: what asking for a capture or a void means, given where the charge stands; and what time does to it."""

from datetime import datetime
from typing import assert_never

from kernel.refusals import Refusal, RefusalKind
from payments.domain.charge import Charge, ChargeState
from payments.domain.operation import OperationKind
from payments.domain.step import Step, new_operation, sent_operation


def capture(charge: Charge | None, *, at: datetime, cause: str) -> Step | Refusal:
    """Take the whole amount; what is being taken or is taken stays as it is."""
    if charge is None:
        return charge_not_found()
    match charge.state:
        case ChargeState.AUTHORIZED:
            taking = charge.changed(at=at, state=ChargeState.CAPTURING)
            return Step(charge=taking, operation=sent_operation(OperationKind.CAPTURE, taking, at=at, cause=cause))
        case ChargeState.CAPTURING | ChargeState.LAPSING | ChargeState.CAPTURED | ChargeState.REFUNDED:
            return Step(charge=charge)
        case ChargeState.AUTHORIZING | ChargeState.DECLINED | ChargeState.LAPSED:
            return _not_authorized(charge)
        case ChargeState.VOIDING | ChargeState.VOIDED:
            return _not_authorized(charge)
        case _:
            assert_never(charge.state)


def void(charge: Charge | None, *, at: datetime, cause: str) -> Step | Refusal:
    """Give the authorization back; one still in flight remembers it, and is voided as soon as it is known."""
    if charge is None:
        return charge_not_found()
    match charge.state:
        case ChargeState.AUTHORIZED:
            giving = charge.changed(at=at, state=ChargeState.VOIDING)
            return Step(charge=giving, operation=sent_operation(OperationKind.VOID, giving, at=at, cause=cause))
        case ChargeState.AUTHORIZING:
            return Step(charge=charge if charge.void_wanted else charge.changed(at=at, void_wanted=True))
        case ChargeState.CAPTURING | ChargeState.CAPTURED | ChargeState.REFUNDED:
            return _captured()
        case ChargeState.VOIDING | ChargeState.VOIDED | ChargeState.DECLINED:
            return Step(charge=charge)
        case ChargeState.LAPSING | ChargeState.LAPSED:
            return Step(charge=charge)
        case _:
            assert_never(charge.state)


def lapse(charge: Charge, *, at: datetime) -> Step:
    """Let an authorization whose time is over end: the processor is told, for its clock may be behind ours."""
    lapsing = charge.changed(at=at, state=ChargeState.LAPSING)
    return Step(charge=lapsing, operation=new_operation(OperationKind.VOID, lapsing, at=at, cause=""))


def charge_not_found() -> Refusal:
    """Say that there is no such charge."""
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="CHARGE_NOT_FOUND", message="There is no such charge.")


def _not_authorized(charge: Charge) -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="CHARGE_NOT_AUTHORIZED",
        message=f"Only an authorised amount can be taken; this charge is {charge.state}.",
        facts={"state": charge.state},
    )


def _captured() -> Refusal:
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="CHARGE_CAPTURED",
        message="The amount was taken, or is being taken; give it back with Refund.",
    )
