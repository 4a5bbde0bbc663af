"""Authorizations whose time is over lapse: the processor is told to give them back, for its clock may differ."""

from payments.domain.ending import lapse
from payments.usecases.ports import Transactions

AT_ONCE_MAX = 200
"""One batch of the settler, which sends what this decides."""


async def lapse_charges(*, transactions: Transactions) -> bool:
    """Begin the end of one batch; True when there was one."""
    async with transactions.begin() as unit:
        expired = await unit.charges.expired(at=unit.at, limit=AT_ONCE_MAX)
        steps = [lapse(charge, at=unit.at) for charge in expired]
        await unit.charges.save([step.charge for step in steps])
        await unit.operations.add([step.operation for step in steps if step.operation is not None])
    return bool(steps)
