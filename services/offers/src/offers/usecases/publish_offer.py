"""An offer is published or resumed: its tag is taken and known from then on."""

from kernel.ids import OfferId
from kernel.refusals import Refusal
from offers.domain.life_cycle import Change, end, publish, tag_taken
from offers.domain.offer import Offer, OfferState, offer_not_found
from offers.usecases.announce import announce
from offers.usecases.ports import Transactions, Unit


async def publish_offer(offer_id: OfferId, *, transactions: Transactions) -> Offer | Refusal:
    """Publish a draft or resume a paused offer; publishing what is published changes nothing."""
    async with transactions.begin() as unit:
        offer = (await unit.offers.locked([offer_id])).get(offer_id)
        if offer is None:
            return offer_not_found(offer_id)
        decided = publish(offer, at=unit.at)
        if isinstance(decided, Refusal) or not decided.changed:
            return decided if isinstance(decided, Refusal) else offer
        if not offer.has_tag and (taken := await _take_tag(decided, unit=unit)) is not None:
            return taken
        await unit.offers.save([decided.offer])
        await announce(decided, unit=unit)
    return decided.offer


async def _take_tag(decided: Change, *, unit: Unit) -> Refusal | None:
    """Take the tag; a holder whose window is over is ended on the way, any other keeps it.

    Never for an offer that has it: its stock is locked before its tag's name, a taker's waits the other way round.
    """
    holder = await unit.offers.holder_of(decided.offer.terms.canonical_tag)
    if holder is None:
        return None
    if holder.state_at(unit.at) is not OfferState.ENDED:
        return tag_taken(decided.offer, holder=holder)
    ended = end(holder, at=unit.at)
    await unit.offers.save([ended.offer])
    await announce(ended, unit=unit)
    return None
