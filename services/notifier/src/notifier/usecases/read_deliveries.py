"""Deliveries are read by people who look into a question."""

from collections.abc import Sequence

from notifier.domain.delivery import Delivery
from notifier.usecases.ports import DeliveryFilter, PageCursor, Transactions


async def list_deliveries(
    where: DeliveryFilter, *, after: PageCursor | None, limit: int, transactions: Transactions
) -> Sequence[Delivery]:
    """Read one page, newest first."""
    async with transactions.begin() as unit:
        return await unit.deliveries.page(where, after=after, limit=limit)
