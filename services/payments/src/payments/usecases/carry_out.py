"""Operations are carried out: the processor is called outside any transaction, then what it said is applied in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import ChargeId
from payments.domain.charge import Charge
from payments.domain.instruction import Instruction
from payments.domain.outcome import Outcome
from payments.domain.settling import settle_all
from payments.usecases.ports import Processor, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The charges as they stand now, and whether something follows that the settler should send at once."""

    charges: Mapping[ChargeId, Charge]
    follows: bool


async def carry_out(
    instructions: Sequence[Instruction], *, transactions: Transactions, processor: Processor
) -> Applied:
    """Send at most 200 and apply the outcomes; dying in between leaves them SENT, asked for by key later."""
    outcomes = await processor.send(instructions)
    failpoint(FailPoint.PAYMENTS_CALL_ANSWERED)
    return await apply_outcomes(list(zip(instructions, outcomes, strict=True)), transactions=transactions)


async def apply_outcomes(results: Sequence[tuple[Instruction, Outcome]], *, transactions: Transactions) -> Applied:
    """Apply outcomes: charges, operations, ledger and what is told, together; one already applied changes nothing."""
    async with transactions.begin() as unit:
        charges = await unit.charges.locked({instruction.charge_id for instruction, _ in results})
        still_open = await unit.operations.open([instruction.key for instruction, _ in results])
        outcomes = [(still_open[each.key], outcome) for each, outcome in results if each.key in still_open]
        settlement = settle_all(outcomes, charges=charges, at=unit.at)
        changed = [each for charge_id, each in settlement.charges.items() if each is not charges[charge_id]]
        await unit.charges.save(changed)
        await unit.operations.save(settlement.operations)
        await unit.operations.add(settlement.follow_ups)
        await unit.ledger.add(settlement.transfers)
        await unit.outbox.add(settlement.facts)
        failpoint(FailPoint.PAYMENTS_SETTLE_UNCOMMITTED)
    failpoint(FailPoint.PAYMENTS_SETTLE_COMMITTED)
    for given_up in (each for each in settlement.operations if each.is_given_up):
        structlog.get_logger().error("operation_given_up", key=given_up.key, code=given_up.code)
    return Applied(charges=settlement.charges, follows=bool(settlement.follow_ups))
