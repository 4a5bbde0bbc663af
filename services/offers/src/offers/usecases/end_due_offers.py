"""Offers whose window is over are ended, and told so."""

from offers.domain.life_cycle import end
from offers.usecases.announce import announce
from offers.usecases.ports import Transactions

DUE_MAX = 50
"""Offers ended in one transaction: their stock is locked for its time."""


async def end_due_offers(*, transactions: Transactions) -> int:
    """End those that are due; gives how many."""
    async with transactions.begin() as unit:
        due = await unit.offers.due_to_end(at=unit.at, limit=DUE_MAX)
        offers = (await unit.offers.locked(due)).values()
        decided = [end(offer, at=unit.at) for offer in offers if offer.is_due_to_end(unit.at)]
        await unit.offers.save([change.offer for change in decided])
        for change in decided:
            await announce(change, unit=unit)
    return len(decided)
