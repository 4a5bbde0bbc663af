"""Our ledger is compared with the processor's."""

from collections.abc import Sequence
from dataclasses import dataclass

from payments.domain.ledger import Transfer, TransferKind
from payments.domain.reconciling import Difference, Movement, MovementKind, differences
from payments.usecases.ports import ProcessorLedger, Transactions

PAGE_ROWS = 1_000
"""Transfers of one read."""

_KINDS = {
    TransferKind.AUTHORIZE: MovementKind.AUTHORIZE,
    TransferKind.CAPTURE: MovementKind.CAPTURE,
    TransferKind.VOID: MovementKind.GIVE_BACK,
    TransferKind.LAPSE: MovementKind.GIVE_BACK,
    TransferKind.REFUND: MovementKind.REFUND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What differs, and how many orders could not be compared because an operation is under way."""

    differences: Sequence[Difference]
    unsettled: int


async def reconcile(*, transactions: Transactions, processor: ProcessorLedger) -> Reconciliation:
    """Compare both ledgers; a difference counts when it was there before and after the processor's was read."""
    unsettled = await _unsettled(transactions)
    before = await _all_movements(transactions)
    theirs = await processor.movements()
    after = await _all_movements(transactions)
    unsettled |= await _unsettled(transactions)
    seen = {_place(each) for each in differences(before, theirs, unsettled=unsettled)}
    lasting = [each for each in differences(after, theirs, unsettled=unsettled) if _place(each) in seen]
    return Reconciliation(differences=lasting, unsettled=len(unsettled))


def _place(difference: Difference) -> tuple[str, MovementKind, str]:
    return difference.reference, difference.kind, difference.currency_code


async def _unsettled(transactions: Transactions) -> set[str]:
    async with transactions.begin() as unit:
        return {str(order_id) for order_id in await unit.operations.unsettled()}


async def _all_movements(transactions: Transactions) -> list[Movement]:
    movements: list[Movement] = []
    after, more = 0, True
    while more:
        async with transactions.begin() as unit:
            page = await unit.ledger.page(order_id=None, after=after, limit=PAGE_ROWS)
        movements += [_movement(entered.transfer) for entered in page]
        after, more = (page[-1].sequence, len(page) == PAGE_ROWS) if page else (after, False)
    return movements


def _movement(transfer: Transfer) -> Movement:
    return Movement(
        reference=str(transfer.order_id),
        kind=_KINDS[transfer.kind],
        amount_minor=transfer.amount.amount_minor,
        currency_code=transfer.amount.currency_code,
    )
