"""Our access at the network is withdrawn once a link has ended."""

from collections.abc import Mapping

from identity.usecases.ports import SocialNetwork, Transactions
from kernel.failpoints import FailPoint, failpoint
from kernel.ids import Network

WITHDRAWN_AT_ONCE_MAX = 20
"""A tick's bound: the networks' revoke endpoints are rate limited, and nobody waits for this."""


async def withdraw_access(*, transactions: Transactions, networks: Mapping[Network, SocialNetwork]) -> bool:
    """Withdraw a few ended links' tokens; True when there was something to do and all of it was done."""
    async with transactions.begin() as unit:
        due = await unit.grants.due(limit=WITHDRAWN_AT_ONCE_MAX)
    withdrawn = [each.link_id for each in due if await networks[each.network].withdraw(each.token)]
    if withdrawn:
        failpoint(FailPoint.IDENTITY_WITHDRAWAL_ANSWERED)
        async with transactions.begin() as unit:
            await unit.grants.drop(withdrawn)
    return bool(due) and len(withdrawn) == len(due)
