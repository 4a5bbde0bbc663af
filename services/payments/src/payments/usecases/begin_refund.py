"""A refund begins: the amount is set aside on the charge, with its operation, before the processor hears of it."""

from dataclasses import dataclass

from kernel.failpoints import FailPoint, failpoint
from kernel.refusals import Refusal
from payments.domain.charge import Charge
from payments.domain.ending import charge_not_found
from payments.domain.operation import OperationState
from payments.domain.refunding import RefundAsked, refund, refund_declined
from payments.usecases.begun import Begun, begun
from payments.usecases.ports import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundStanding:
    """Where a refund stands: its charge, and whether the processor has not answered yet."""

    charge: Charge
    pending: bool


async def begin_refund(asked: RefundAsked, *, transactions: Transactions) -> Begun | Refusal:
    """Begin one; concurrent refunds of a charge wait for each other, so that together they never exceed the capture."""
    async with transactions.begin() as unit:
        charge = (await unit.charges.locked([asked.charge_id])).get(asked.charge_id)
        known = await unit.operations.by_key(asked.key)
        step = refund(asked, charge=charge, known=known, at=unit.at)
        if isinstance(step, Refusal):
            return step
        if step.operation is not None:
            await unit.charges.save([step.charge])
            await unit.operations.add([step.operation])
        failpoint(FailPoint.PAYMENTS_REFUND_UNCOMMITTED)
    failpoint(FailPoint.PAYMENTS_REFUND_COMMITTED)
    return begun(step)


async def read_refund(asked: RefundAsked, *, transactions: Transactions) -> RefundStanding | Refusal:
    """Read where a refund that was begun stands now."""
    async with transactions.begin() as unit:
        charge = (await unit.charges.by_ids([asked.charge_id])).get(asked.charge_id)
        operation = await unit.operations.by_key(asked.key)
    if charge is None or operation is None:
        return charge_not_found()
    if operation.state is OperationState.FAILED:
        return refund_declined(operation)
    return RefundStanding(charge=charge, pending=operation.state is not OperationState.OK)
