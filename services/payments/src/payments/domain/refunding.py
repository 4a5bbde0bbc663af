"""Refunding: what asking for a refund means; those under way count, so together they never exceed the capture."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.ids import ChargeId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind, invalid
from payments.domain.charge import Charge, ChargeState
from payments.domain.ending import charge_not_found
from payments.domain.operation import LEASE, Operation, OperationKind, OperationState
from payments.domain.step import Step, contents_hash_of

_TAKEN = frozenset({ChargeState.CAPTURED, ChargeState.REFUNDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAsked:
    """One refund wanted; the request's id is its idempotency key at the processor too."""

    request_id: UUID
    charge_id: ChargeId
    amount: Money
    cause: str = ""

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"refund:{self.request_id}"


def refund(asked: RefundAsked, *, charge: Charge | None, known: Operation | None, at: datetime) -> Step | Refusal:
    """Decide one: a repeat gives the charge as it stands (or the same no), a first sets the amount aside."""
    if charge is None:
        return charge_not_found()
    if known is not None:
        return _repeat(asked, charge, known)
    if (refusal := _refuse(asked, charge)) is not None:
        return refusal
    giving = charge.changed(at=at, refunding_minor=charge.refunding_minor + asked.amount.amount_minor)
    return Step(charge=giving, operation=_operation(asked, giving, at=at))


def refund_declined(operation: Operation) -> Refusal:
    """Say that the processor refused a refund."""
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="REFUND_DECLINED",
        message="The processor refused this refund; ask with a new request_id to try again.",
        facts={"code": operation.code},
    )


def _repeat(asked: RefundAsked, charge: Charge, known: Operation) -> Step | Refusal:
    if known.contents_hash != contents_hash_of(OperationKind.REFUND, charge, asked.amount):
        return Refusal(
            kind=RefusalKind.CONFLICT,
            reason="REQUEST_ID_REUSED",
            message="This request_id was used with other contents; use a new one for a new request.",
            facts={"request_id": str(asked.request_id)},
        )
    return refund_declined(known) if known.state is OperationState.FAILED else Step(charge=charge)


def _refuse(asked: RefundAsked, charge: Charge) -> Refusal | None:
    if charge.state not in _TAKEN:
        return Refusal(
            kind=RefusalKind.PRECONDITION,
            reason="CHARGE_NOT_CAPTURED",
            message="Only an amount that was taken can be given back.",
            facts={"state": charge.state},
        )
    if asked.amount.currency_code != charge.amount.currency_code:
        sentence = f"must be {charge.amount.currency_code}, as the charge is."
        return invalid(field_path="amount.currency_code", message=sentence)
    left_minor = charge.captured_minor - charge.refunded_minor - charge.refunding_minor
    if asked.amount.amount_minor <= left_minor:
        return None
    return Refusal(
        kind=RefusalKind.PRECONDITION,
        reason="REFUND_ABOVE_CAPTURED",
        message=f"Only {charge.money(left_minor)} is left to give back.",
        facts={"left_minor": str(left_minor)},
    )


def _operation(asked: RefundAsked, charge: Charge, *, at: datetime) -> Operation:
    return Operation(
        key=asked.key,
        charge_id=charge.charge_id,
        kind=OperationKind.REFUND,
        amount=asked.amount,
        state=OperationState.SENT,
        contents_hash=contents_hash_of(OperationKind.REFUND, charge, asked.amount),
        begun_at=at,
        due_at=at + LEASE,
        cause=asked.cause,
    )
