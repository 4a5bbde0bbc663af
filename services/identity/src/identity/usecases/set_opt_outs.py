"""A cardmember says what they do not want."""

from collections.abc import Iterable
from dataclasses import replace

from identity.domain.contact import Cardmember, OptOut
from identity.usecases.ports import Transactions
from identity.usecases.read_contacts import cardmember_not_found
from kernel.ids import CardmemberId
from kernel.refusals import Refusal


async def set_opt_outs(
    cardmember_id: CardmemberId, *, opt_outs: Iterable[OptOut], transactions: Transactions
) -> Cardmember | Refusal:
    """Replace what a cardmember does not want."""
    async with transactions.begin() as unit:
        cardmember = (await unit.cardmembers.by_ids([cardmember_id])).get(cardmember_id)
        if cardmember is None:
            return cardmember_not_found()
        changed = replace(cardmember, opt_outs=frozenset(opt_outs))
        await unit.cardmembers.save_opt_outs(changed, at=unit.at)
    return changed
