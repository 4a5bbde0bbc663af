"""The Activity subscriptions are kept in step with the watched links; asking again changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.domain.subscriptions import ExistingSubscription, subscription_changes
from gateway.usecases.network import Subscriptions
from gateway.usecases.ports import Transactions
from kernel.failpoints import FailPoint, failpoint
from kernel.ids import NetworkUserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsKept:
    """What X has now; `refused` and `left_out` count wanted ones it would not have or has no room for."""

    held: tuple[ExistingSubscription, ...]
    added: int
    refused: int
    deleted: int
    left_out: int


async def watched_accounts(*, transactions: Transactions) -> set[NetworkUserId]:
    """Give the accounts that have a watched link."""
    async with transactions.begin() as unit:
        return await unit.links.accounts()


async def keep_subscriptions(
    accounts: Collection[NetworkUserId],
    *,
    held: Collection[ExistingSubscription] | None,
    subscriptions_max: int,
    network: Subscriptions,
) -> SubscriptionsKept:
    """Delete what is not wanted, then add what is missing; raises NetworkFailedError.

    `held` is what the last call left, or None to ask X for it: a list of many pages is not read for every new link.
    What X refuses for an account (it is gone, say) holds up nobody else, and is asked for again with the next list.
    """
    existing = await network.list_subscriptions() if held is None else list(held)
    changes = subscription_changes(existing, accounts, subscriptions_max=subscriptions_max)
    for subscription_id in changes.delete_ids:
        await network.unsubscribe(subscription_id)
    added = [await network.subscribe(each) for each in changes.add]
    if added:
        failpoint(FailPoint.GATEWAY_SUBSCRIPTION_ANSWERED)
    refused = sum(each.refused for each in added)
    gone = set(changes.delete_ids)
    stayed = [each for each in existing if each.subscription_id not in gone]
    return SubscriptionsKept(
        held=(*stayed, *added),
        added=len(added) - refused,
        refused=refused,
        deleted=len(gone),
        left_out=changes.left_out,
    )
