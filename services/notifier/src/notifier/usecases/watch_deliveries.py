"""Deliveries that wait for too long are counted: each is tried again meanwhile, by its own row."""

from collections.abc import Mapping

from notifier.domain.delivery import MAX_AGE
from notifier.usecases.ports import Transactions


async def watch_deliveries(*, transactions: Transactions) -> Mapping[str, int]:
    """Count what waits twice as long as a healthy delivery ever does, by urgency."""
    async with transactions.begin() as unit:
        found = await unit.deliveries.undelivered({urgency: unit.at - 2 * age for urgency, age in MAX_AGE.items()})
    return {urgency.name: count for urgency, count in found.items()}
