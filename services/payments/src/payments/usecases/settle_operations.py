"""Operations without a known outcome are settled: asked for by key, sent again only if the processor never heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.failpoints import FailPoint, failpoint
from payments.domain.instruction import Instruction, instruct
from payments.domain.operation import Operation, OperationKind, OperationState
from payments.domain.outcome import Outcome, Unknown
from payments.usecases.carry_out import apply_outcomes
from payments.usecases.ports import Processor, Transactions, Unit

AT_ONCE_MAX = 200
"""One batch call at the processor."""

KEY_TOO_OLD = "key_too_old"
"""The code of an operation that nobody retries any more; it is logged, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """What this tick settles: keys to ask about first, instructions never sent, and operations too old for either."""

    ask: Sequence[Instruction]
    send: Sequence[Instruction]
    given_up: Sequence[Instruction]


async def settle_operations(*, transactions: Transactions, processor: Processor) -> bool:
    """Settle one batch of due operations; True when there was one."""
    leased = await lease_due(transactions=transactions)
    if not (leased.ask or leased.send or leased.given_up):
        return False
    failpoint(FailPoint.PAYMENTS_QUESTION_LEASED)
    heard = await _ask(leased.ask, processor=processor)
    unheard = [each for each in leased.ask if each.key not in heard]
    results = [(each, heard[each.key]) for each in leased.ask if each.key in heard]
    results += await _send([*leased.send, *unheard], processor=processor)
    results += [(each, Unknown(why=KEY_TOO_OLD)) for each in leased.given_up]
    failpoint(FailPoint.PAYMENTS_QUESTION_ANSWERED)
    await apply_outcomes(results, transactions=transactions)
    return True


async def lease_due(*, transactions: Transactions) -> Leased:
    """Take up what is due, for as long as a lease; others pass it by meanwhile."""
    async with transactions.begin() as unit:
        due = await unit.operations.due(at=unit.at, limit=AT_ONCE_MAX)
        await unit.operations.save([operation.sent(at=unit.at) for operation in due])
        instructions = await _instructions(due, unit=unit)
        return _sorted(list(zip(due, instructions, strict=True)), at=unit.at)


async def _instructions(operations: Sequence[Operation], *, unit: Unit) -> list[Instruction]:
    charges = await unit.charges.by_ids({each.charge_id for each in operations})
    tokens = {charges[each.charge_id].card_token for each in operations if each.kind is OperationKind.AUTH}
    cards = await unit.cards.chargeable(tokens)
    return [instruct(each, charges[each.charge_id], cards=cards) for each in operations]


def _sorted(leased: Sequence[tuple[Operation, Instruction]], *, at: datetime) -> Leased:
    fresh = [pair for pair in leased if not pair[0].is_stale(at=at)]
    return Leased(
        ask=[instruction for operation, instruction in fresh if operation.state is not OperationState.NEW],
        send=[instruction for operation, instruction in fresh if operation.state is OperationState.NEW],
        given_up=[instruction for operation, instruction in leased if operation.is_stale(at=at)],
    )


async def _ask(instructions: Sequence[Instruction], *, processor: Processor) -> Mapping[str, Outcome]:
    """Give what became of keys the processor knows, or could not be asked about."""
    if not instructions:
        return {}
    answers = await processor.ask([each.key for each in instructions])
    return {each.key: answer for each, answer in zip(instructions, answers, strict=True) if answer is not None}


async def _send(instructions: Sequence[Instruction], *, processor: Processor) -> list[tuple[Instruction, Outcome]]:
    if not instructions:
        return []
    return list(zip(instructions, await processor.send(instructions), strict=True))
