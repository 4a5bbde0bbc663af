"""An offer is paused, or ended for good by hand."""

from kernel.ids import OfferId
from kernel.refusals import Refusal
from offers.domain.life_cycle import end, pause
from offers.domain.offer import Offer, offer_not_found
from offers.usecases.announce import announce
from offers.usecases.ports import Transactions


async def pause_offer(offer_id: OfferId, *, transactions: Transactions) -> Offer | Refusal:
    """Hold a published offer back; open holds stay good."""
    async with transactions.begin() as unit:
        offer = (await unit.offers.locked([offer_id])).get(offer_id)
        if offer is None:
            return offer_not_found(offer_id)
        decided = pause(offer, at=unit.at)
        if isinstance(decided, Refusal) or not decided.changed:
            return decided if isinstance(decided, Refusal) else offer
        await unit.offers.save([decided.offer])
        await announce(decided, unit=unit)
    return decided.offer


async def end_offer(offer_id: OfferId, *, transactions: Transactions) -> Offer | Refusal:
    """End an offer for good; open holds stay good; ending what has ended changes nothing."""
    async with transactions.begin() as unit:
        offer = (await unit.offers.locked([offer_id])).get(offer_id)
        if offer is None:
            return offer_not_found(offer_id)
        decided = end(offer, at=unit.at)
        if not decided.changed:
            return offer
        await unit.offers.save([decided.offer])
        await announce(decided, unit=unit)
    return decided.offer
