"""Stock is held: lock and load, decide each in the order given, save, and answer for those that were really written."""

from collections.abc import Mapping, Sequence

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import OrderId
from kernel.refusals import Refusal, RefusalKind
from offers.domain.events import StockExhausted
from offers.domain.hold import Hold, HoldAsked
from offers.domain.hold_refusals import too_busy
from offers.domain.holding import Decision, HoldDecider
from offers.usecases.ports import Added, Transactions, Unit

ROUNDS_MAX = 3
"""A hold that was not written met another of the same order or member; one more look decides it, one is spare."""


async def hold_stock(asked: Sequence[HoldAsked], *, transactions: Transactions) -> list[Decision]:
    """Give each order its hold or the reason there is none, in the order given; a repeat gets the same hold."""
    decided: dict[int, Decision] = {}
    for _ in range(ROUNDS_MAX):
        left = [index for index in range(len(asked)) if index not in decided]
        if not left:
            break
        answers = await _hold([asked[index] for index in left], transactions=transactions)
        decided |= {index: answer for index, answer in zip(left, answers, strict=True) if answer is not None}
    return [decided.get(index) or too_busy() for index in range(len(asked))]


async def _hold(asked: Sequence[HoldAsked], *, transactions: Transactions) -> list[Decision | None]:
    """Decide a batch in one transaction; None for what must be decided again."""
    async with transactions.begin() as unit:
        decider = HoldDecider(await unit.holds.facts(asked), at=unit.at)
        decisions = [decider.decide(each) for each in asked]
        failpoint(FailPoint.OFFERS_HOLD_DECIDED)
        added = await unit.holds.add(decider.made)
        await unit.outbox.add(_exhausted(added, decider.made, unit=unit))
        failpoint(FailPoint.OFFERS_HOLD_UNCOMMITTED)
    failpoint(FailPoint.OFFERS_HOLD_COMMITTED)
    lost = {hold.order_id for hold in decider.made} - added.order_ids
    return [None if lost and _rests_on(lost, decision) else decision for decision in decisions]


def _rests_on(lost: set[OrderId], decision: Decision) -> bool:
    """Tell whether a decision was made as if a hold existed that was not written."""
    if isinstance(decision, Refusal):
        return decision.kind is RefusalKind.EXHAUSTED
    return decision.order_id in lost


def _exhausted(added: Added, made: Sequence[Hold], *, unit: Unit) -> list[StockExhausted]:
    versions: Mapping[str, int] = {hold.offer_id: hold.promise.offer_version for hold in made}
    return [
        StockExhausted(offer_id=offer_id, offer_version=versions[offer_id], stock=stock, at=unit.at)
        for offer_id, stock in added.stock.items()
        if not stock.available
    ]
