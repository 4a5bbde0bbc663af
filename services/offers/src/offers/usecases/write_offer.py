"""An offer is created as a draft, or changed."""

from collections.abc import Collection

from kernel.ids import OfferId
from kernel.refusals import Refusal
from offers.domain.changing import change, create, offer_exists, stale
from offers.domain.checking import check_offer
from offers.domain.drafting import OfferDraft, check_mask, merged
from offers.domain.life_cycle import Change
from offers.domain.merchant import merchant_not_found
from offers.domain.offer import Offer, Terms, offer_not_found
from offers.domain.violations import is_id
from offers.usecases.announce import announce
from offers.usecases.ports import Transactions, Unit


async def create_offer(draft: OfferDraft, *, transactions: Transactions) -> Offer | Refusal:
    """Create a draft; OFFER_EXISTS when the id is in use."""
    async with transactions.begin() as unit:
        return await _create(draft, unit=unit)


async def update_offer(
    draft: OfferDraft, *, paths: Collection[str], based_on: int, allow_missing: bool, transactions: Transactions
) -> Offer | Refusal:
    """Lay the masked fields (all when empty) over the offer; the same again changes nothing and tells nothing."""
    if (wrong := check_mask(paths)) is not None:
        return wrong
    async with transactions.begin() as unit:
        offer_id = OfferId(draft.offer_id)
        before = (await unit.offers.locked([offer_id])).get(offer_id) if is_id(offer_id) else None
        if before is None:
            return await _create(draft, unit=unit) if allow_missing else offer_not_found(draft.offer_id)
        decided = stale(before, based_on=based_on) or await _change(
            before, merged(before, draft, paths=paths), unit=unit
        )
        if isinstance(decided, Refusal) or not decided.changed:
            return decided if isinstance(decided, Refusal) else before
        await unit.offers.save([decided.offer])
        await announce(decided, unit=unit)
    return decided.offer


async def _create(draft: OfferDraft, *, unit: Unit) -> Offer | Refusal:
    terms = await _checked(draft, unit=unit)
    if isinstance(terms, Refusal):
        return terms
    offer = create(OfferId(draft.offer_id), terms, at=unit.at)
    return offer if await unit.offers.add(offer) else offer_exists(offer)


async def _change(before: Offer, wanted: OfferDraft, *, unit: Unit) -> Change | Refusal:
    terms = await _checked(wanted, unit=unit)
    if isinstance(terms, Refusal):
        return terms
    return change(before, terms, at=unit.at)


async def _checked(draft: OfferDraft, *, unit: Unit) -> Terms | Refusal:
    terms = check_offer(draft)
    if isinstance(terms, Refusal):
        return terms
    known = await unit.merchants.by_ids([terms.merchant_id])
    return terms if terms.merchant_id in known else merchant_not_found(terms.merchant_id)
