"""Contacts are read at the moment of sending, many at a time."""

from collections.abc import Sequence

from identity.domain.contact import Cardmember
from identity.usecases.ports import Transactions
from kernel.ids import CardmemberId
from kernel.refusals import Refusal, RefusalKind


async def batch_get_contacts(
    cardmember_ids: Sequence[CardmemberId], *, transactions: Transactions
) -> list[Cardmember | Refusal]:
    """Read how to reach each cardmember, one result each in the same order."""
    async with transactions.begin() as unit:
        found = await unit.cardmembers.by_ids(cardmember_ids)
    return [found.get(each) or cardmember_not_found() for each in cardmember_ids]


def cardmember_not_found() -> Refusal:
    """Say that there is no such cardmember."""
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="CARDMEMBER_NOT_FOUND", message="There is no such cardmember.")
