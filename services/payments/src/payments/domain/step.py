"""A step: a charge after a decision, with the operation that must now be sent to the processor, if any."""

from dataclasses import dataclass
from datetime import datetime

from kernel.money import Money
from payments.domain.charge import Charge
from payments.domain.operation import LEASE, Operation, OperationKind, OperationState, hash_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was decided; without an operation there is nothing to send, and the charge stands as it is."""

    charge: Charge
    operation: Operation | None = None


def sent_operation(kind: OperationKind, charge: Charge, *, at: datetime, cause: str) -> Operation:
    """Begin an operation that its decider sends at once."""
    return Operation(
        key=key_of(kind, charge),
        charge_id=charge.charge_id,
        kind=kind,
        amount=charge.amount,
        state=OperationState.SENT,
        contents_hash=contents_hash_of(kind, charge, charge.amount),
        begun_at=at,
        due_at=at + LEASE,
        cause=cause,
    )


def new_operation(kind: OperationKind, charge: Charge, *, at: datetime, cause: str) -> Operation:
    """Begin an operation that the settler sends when it looks next, which is now."""
    return Operation(
        key=key_of(kind, charge),
        charge_id=charge.charge_id,
        kind=kind,
        amount=charge.amount,
        state=OperationState.NEW,
        contents_hash=contents_hash_of(kind, charge, charge.amount),
        begun_at=at,
        due_at=at,
        cause=cause,
    )


def key_of(kind: OperationKind, charge: Charge) -> str:
    """Name the one authorization, capture or void of a charge; refunds are named by their request."""
    return f"{kind.lower()}:{charge.order_id}:{charge.attempt}"


def contents_hash_of(kind: OperationKind, charge: Charge, amount: Money) -> bytes:
    """Hash what an operation asks for."""
    return hash_of(kind, str(charge.charge_id), str(amount.amount_minor), amount.currency_code, charge.card_token)
