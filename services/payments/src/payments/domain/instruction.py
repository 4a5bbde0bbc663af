"""An instruction: one operation in the words of the processor's port."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from kernel.ids import CardToken, ChargeId
from kernel.money import Money
from kernel.secret import Secret
from payments.domain.card import ChargeableCard
from payments.domain.charge import Charge
from payments.domain.operation import Operation, OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What to do under `key`: `source` is the card's token there, or the id of the authorization or the capture."""

    key: str
    kind: OperationKind
    charge_id: ChargeId
    amount: Money
    source: Secret[str]
    reference: str
    merchant: str
    cause: str


def instruct(operation: Operation, charge: Charge, *, cards: Mapping[CardToken, ChargeableCard]) -> Instruction:
    """Write the instruction of an operation; the same for the first sending and for every one after it."""
    return Instruction(
        key=operation.key,
        kind=operation.kind,
        charge_id=charge.charge_id,
        amount=operation.amount,
        source=_source(operation.kind, charge, cards=cards),
        reference=str(charge.order_id),
        merchant=charge.statement_descriptor or charge.merchant_id,
        cause=operation.cause,
    )


def _source(kind: OperationKind, charge: Charge, *, cards: Mapping[CardToken, ChargeableCard]) -> Secret[str]:
    match kind:
        case OperationKind.AUTH:
            return cards[charge.card_token].processor_token
        case OperationKind.CAPTURE | OperationKind.VOID:
            return Secret(charge.authorization)
        case OperationKind.REFUND:
            return Secret(charge.capture)
        case _:
            assert_never(kind)
