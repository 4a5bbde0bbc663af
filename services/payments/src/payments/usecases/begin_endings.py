"""Captures and voids begin: each hold that may end is marked, with its operation, before the processor hears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import ChargeId
from kernel.refusals import Refusal
from payments.domain.charge import Charge
from payments.domain.ending import capture, void
from payments.domain.operation import OperationKind
from payments.domain.step import Step
from payments.usecases.begun import Begun, begun
from payments.usecases.ports import Transactions, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingAsked:
    """One capture or void wanted; `cause` is the trace of the call."""

    charge_id: ChargeId
    cause: str = ""


_DECIDERS = {OperationKind.CAPTURE: capture, OperationKind.VOID: void}


async def begin_endings(
    kind: OperationKind, asked: Sequence[EndingAsked], *, transactions: Transactions
) -> list[Begun | Refusal]:
    """Begin each (kind CAPTURE or VOID), one outcome each in the same order."""
    async with transactions.begin() as unit:
        charges = dict(await unit.charges.locked({each.charge_id for each in asked}))
        before = dict(charges)
        steps: list[Step | Refusal] = []
        for each in asked:
            step = _DECIDERS[kind](charges.get(each.charge_id), at=unit.at, cause=each.cause)
            steps.append(step)
            if isinstance(step, Step):
                charges[each.charge_id] = step.charge
        await _save(steps, before=before, after=charges, unit=unit)
        failpoint(FailPoint.PAYMENTS_ENDING_UNCOMMITTED)
    failpoint(FailPoint.PAYMENTS_ENDING_COMMITTED)
    return [each if isinstance(each, Refusal) else begun(each) for each in steps]


async def _save(
    steps: Sequence[Step | Refusal],
    *,
    before: Mapping[ChargeId, Charge],
    after: Mapping[ChargeId, Charge],
    unit: Unit,
) -> None:
    operations = [step.operation for step in steps if isinstance(step, Step) and step.operation is not None]
    await unit.charges.save([charge for charge_id, charge in after.items() if charge is not before[charge_id]])
    await unit.operations.add(operations)
