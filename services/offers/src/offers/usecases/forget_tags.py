"""Tags are forgotten 30 days after their offer's end."""

from offers.domain.known_tag import forget
from offers.usecases.ports import Transactions

DUE_MAX = 200


async def forget_tags(*, transactions: Transactions) -> int:
    """Forget those that are due; gives how many."""
    async with transactions.begin() as unit:
        due = await unit.known_tags.due_to_forget(at=unit.at, limit=DUE_MAX)
        forgotten = [forget(known) for known in due]
        await unit.known_tags.forget(forgotten)
        await unit.outbox.add(forgotten)
    return len(forgotten)
