"""Authorizations begin: each first one becomes a charge with its operation, before the processor hears of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import CardToken, ChargeId
from kernel.refusals import Refusal
from payments.domain.authorizing import AuthorizationAsked, authorize
from payments.domain.card import ChargeableCard
from payments.domain.charge import Charge, charge_id_of
from payments.domain.instruction import Instruction, instruct
from payments.domain.step import Step
from payments.usecases.begun import Begun
from payments.usecases.ports import Transactions, Unit

_Decision = Step | Refusal


async def begin_authorizations(
    asked: Sequence[AuthorizationAsked], *, transactions: Transactions
) -> list[Begun | Refusal]:
    """Begin each, one outcome each in the same order; who is beaten to a key by another finds its charge."""
    async with transactions.begin() as unit:
        cards = await unit.cards.chargeable({each.card_token for each in asked})
        decisions = await _decide(asked, cards=cards, unit=unit)
        new = [each for each in decisions if isinstance(each, Step) and each.operation is not None]
        added = await unit.charges.add([step.charge for step in new])
        won = [step.operation for step in new if step.charge.charge_id in added]
        await unit.operations.add([operation for operation in won if operation is not None])
        lost = {step.charge.charge_id for step in new} - added
        decisions = await _decide_lost(asked, decisions, lost=lost, cards=cards, unit=unit)
        failpoint(FailPoint.PAYMENTS_BEGIN_UNCOMMITTED)
    failpoint(FailPoint.PAYMENTS_BEGIN_COMMITTED)
    return [each if isinstance(each, Refusal) else _begun(each, cards=cards) for each in decisions]


async def _decide(
    asked: Sequence[AuthorizationAsked], *, cards: Mapping[CardToken, ChargeableCard], unit: Unit
) -> list[_Decision]:
    """Decide one after the other, so that a key that stands twice in a batch finds itself."""
    keys = {key for each in asked for key in (each.key, each.former_key) if key is not None}
    known = dict(await unit.charges.by_ids({charge_id_of(key) for key in keys}))
    return [_decide_one(each, known=known, cards=cards, at=unit.at) for each in asked]


def _decide_one(
    asked: AuthorizationAsked,
    *,
    known: dict[ChargeId, Charge],
    cards: Mapping[CardToken, ChargeableCard],
    at: datetime,
) -> _Decision:
    decision = authorize(
        asked,
        known=known.get(charge_id_of(asked.key)),
        former=known.get(charge_id_of(asked.former_key)) if asked.former_key else None,
        card=cards.get(asked.card_token),
        at=at,
    )
    if isinstance(decision, Step):
        known[decision.charge.charge_id] = decision.charge
    return decision


async def _decide_lost(
    asked: Sequence[AuthorizationAsked],
    decisions: list[_Decision],
    *,
    lost: set[ChargeId],
    cards: Mapping[CardToken, ChargeableCard],
    unit: Unit,
) -> list[_Decision]:
    """Decide those that lost the race against what the winner committed; nothing new can come of it."""
    if not lost:
        return decisions
    again = await _decide(asked, cards=cards, unit=unit)
    return [
        second if charge_id_of(each.key) in lost else first
        for each, first, second in zip(asked, decisions, again, strict=True)
    ]


def _begun(step: Step, *, cards: Mapping[CardToken, ChargeableCard]) -> Begun:
    return Begun(charge=step.charge, instruction=_instruction(step, cards=cards))


def _instruction(step: Step, *, cards: Mapping[CardToken, ChargeableCard]) -> Instruction | None:
    return None if step.operation is None else instruct(step.operation, step.charge, cards=cards)
