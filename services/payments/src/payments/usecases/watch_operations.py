"""Operations whose outcome is unknown for too long are counted: each is asked for by its key meanwhile, by itself."""

from collections.abc import Mapping

from payments.domain.operation import MAX_AGE, OperationKind
from payments.usecases.ports import Transactions


async def watch_operations(*, transactions: Transactions) -> Mapping[OperationKind, int]:
    """Count what is without an outcome for twice as long as a healthy operation ever is."""
    async with transactions.begin() as unit:
        return await unit.operations.unsettled_since(unit.at - 2 * MAX_AGE)
