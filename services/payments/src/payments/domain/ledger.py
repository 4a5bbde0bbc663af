"""The ledger: every movement as one transfer with both its sides, so that debits equal credits by construction."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from kernel.ids import ChargeId, OrderId
from kernel.money import Money
from payments.domain.charge import Charge
from payments.domain.operation import Operation

AVAILABLE = "cardmember:available"
"""What cardmembers may still spend, as far as we moved it."""

PENDING = "cardmember:pending"
"""What is set aside by authorizations; its balance is the open holds."""

_TRANSFERS = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be006")


class TransferKind(StrEnum):
    """Why an amount moved."""

    AUTHORIZE = "AUTHORIZE"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    LAPSE = "LAPSE"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One movement from one account to another; derived from its operation, so it is entered once."""

    transfer_id: uuid.UUID
    charge_id: ChargeId
    order_id: OrderId
    kind: TransferKind
    debit_account: str
    credit_account: str
    amount: Money
    entered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredTransfer:
    """A transfer with its place in the ledger."""

    sequence: int
    transfer: Transfer


def transfer_of(kind: TransferKind, charge: Charge, operation: Operation, *, at: datetime) -> Transfer:
    """Write the movement an operation made."""
    debit, credit = _sides(kind, charge)
    return Transfer(
        transfer_id=uuid.uuid5(_TRANSFERS, operation.key),
        charge_id=charge.charge_id,
        order_id=charge.order_id,
        kind=kind,
        debit_account=debit,
        credit_account=credit,
        amount=operation.amount,
        entered_at=at,
    )


def _sides(kind: TransferKind, charge: Charge) -> tuple[str, str]:
    merchant = f"merchant:{charge.merchant_id}"
    match kind:
        case TransferKind.AUTHORIZE:
            return AVAILABLE, PENDING
        case TransferKind.CAPTURE:
            return PENDING, merchant
        case TransferKind.VOID | TransferKind.LAPSE:
            return PENDING, AVAILABLE
        case TransferKind.REFUND:
            return merchant, AVAILABLE
        case _:
            assert_never(kind)
