"""Card sessions that ended a day ago are forgotten."""

from payments.domain.card_session import KEPT_FOR
from payments.usecases.ports import Transactions


async def forget_sessions(*, transactions: Transactions) -> bool:
    """Forget old sessions; never asks to be called again at once, for all go in one statement."""
    async with transactions.begin() as unit:
        await unit.sessions.forget(ended_before=unit.at - KEPT_FOR)
    return False
