"""OAuth authorizations that nobody came back from are forgotten."""

from datetime import timedelta

from identity.usecases.ports import Transactions

AUTHORIZATIONS_KEPT = timedelta(days=1)
"""Who comes back late is told so that long; afterwards the state is unknown."""

FORGOTTEN_MAX = 1_000
"""Rows one transaction forgets; what is left waits for the next tick, at once."""


async def forget_authorizations(*, transactions: Transactions) -> bool:
    """Forget the oldest; says whether there may be more."""
    async with transactions.begin() as unit:
        before = unit.at - AUTHORIZATIONS_KEPT
        return await unit.authorizations.forget_before(before, limit=FORGOTTEN_MAX) == FORGOTTEN_MAX
