"""Holds are committed, released, or lapse: lock the stock behind them, decide each, save states and stock together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import OrderId
from kernel.refusals import Refusal
from offers.domain.hold import Hold, HoldState
from offers.domain.settling import commit, lapse, release
from offers.usecases.ports import Move, Transactions

LAPSE_MAX = 200
"""Holds that lapse in one transaction: the stock of their offers is locked for its time."""

LAPSE_LATE_MAX = timedelta(minutes=5)
"""So late a hold may lapse: the sweep runs every few seconds."""

ROUNDS_MAX = 3
"""An order may become known between looking and burying it; one more look decides it, one is spare."""


async def commit_holds(order_ids: Sequence[OrderId], *, transactions: Transactions) -> list[Refusal | None]:
    """Make holds final; None for each that is. Committing a committed hold changes nothing."""
    async with transactions.begin() as unit:
        known = await unit.holds.locked(order_ids)
        decisions = [commit(order_id, known.get(order_id), at=unit.at) for order_id in order_ids]
        await unit.holds.move(_moves(_committed(decisions)))
        failpoint(FailPoint.OFFERS_COMMIT_UNCOMMITTED)
    failpoint(FailPoint.OFFERS_COMMIT_COMMITTED)
    return [decision if isinstance(decision, Refusal) else None for decision in decisions]


async def release_holds(order_ids: Sequence[OrderId], *, transactions: Transactions) -> None:
    """Give units back; an order without a hold gets a tombstone, so that a hold that comes late is refused."""
    left = list(dict.fromkeys(order_ids))
    for _ in range(ROUNDS_MAX):
        left = await _release(left, transactions=transactions)
        if not left:
            return
    raise RuntimeError(f"{len(left)} orders were neither known nor unknown; releasing them again will tell.")


async def lapse_holds(*, transactions: Transactions) -> int:
    """Let go what was held too long; gives how many."""
    async with transactions.begin() as unit:
        due = await unit.holds.due_to_lapse(at=unit.at, limit=LAPSE_MAX)
        known = await unit.holds.locked(due)
        moves = _moves({hold: lapse(hold, at=unit.at) for hold in known.values() if isinstance(hold, Hold)})
        await unit.holds.move(moves)
    return len(moves)


async def watch_holds(*, transactions: Transactions) -> Mapping[str, int]:
    """Count held ones, up to LAPSE_MAX, that should have lapsed twice LAPSE_LATE_MAX ago."""
    async with transactions.begin() as unit:
        overdue = await unit.holds.due_to_lapse(at=unit.at - 2 * LAPSE_LATE_MAX, limit=LAPSE_MAX)
    return {HoldState.HELD: len(overdue)}


async def _release(order_ids: Sequence[OrderId], *, transactions: Transactions) -> list[OrderId]:
    """Release what is known and bury the rest; gives those that became known meanwhile."""
    async with transactions.begin() as unit:
        known = await unit.holds.locked(order_ids)
        await unit.holds.move(_moves({hold: release(hold) for hold in known.values() if isinstance(hold, Hold)}))
        unknown = [order_id for order_id in order_ids if order_id not in known]
        buried = await unit.holds.bury(unknown)
        failpoint(FailPoint.OFFERS_RELEASE_UNCOMMITTED)
    failpoint(FailPoint.OFFERS_RELEASE_COMMITTED)
    return [order_id for order_id in unknown if order_id not in buried]


def _committed(decisions: Iterable[Hold | Refusal]) -> dict[Hold, HoldState]:
    return {decision: HoldState.COMMITTED for decision in decisions if isinstance(decision, Hold)}


def _moves(decisions: Mapping[Hold, HoldState]) -> list[Move]:
    return [Move(hold=hold, becomes=state) for hold, state in decisions.items() if state is not hold.state]
