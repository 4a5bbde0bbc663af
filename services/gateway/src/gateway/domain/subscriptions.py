"""Subscriptions: which Activity events of which linked accounts we want, and the difference to those X has."""

from collections.abc import Iterable
from dataclasses import dataclass

from kernel.ids import NetworkUserId

EVENT_TYPES = ("post.create", "post.delete", "oauth.revoke")
"""In the order of worth: when X has no room for all, every account's posts come before anybody's deletes."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subscription:
    """One event type of one account."""

    event_type: str
    user_id: NetworkUserId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSubscription:
    """One subscription X has, with X's id for it, or "" where it did not say; or one X `refused` for its account."""

    subscription_id: str
    subscription: Subscription
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChanges:
    """What to add and which ids to delete; `left_out` counts those for which X has no room."""

    add: tuple[Subscription, ...]
    delete_ids: tuple[str, ...]
    left_out: int


def subscription_changes(
    existing: Iterable[ExistingSubscription], accounts: Iterable[NetworkUserId], *, subscriptions_max: int
) -> SubscriptionChanges:
    """Find the difference between what X has and what these accounts need; a doubled one loses its second copy.

    What has no id cannot be deleted; the next list of X's gives it one.
    """
    ordered = sorted(set(accounts))
    all_wanted = [Subscription(event_type=kind, user_id=user) for kind in EVENT_TYPES for user in ordered]
    wanted = dict.fromkeys(all_wanted[:subscriptions_max])
    held: set[Subscription] = set()
    delete = []
    for each in existing:
        if each.subscription_id and (each.subscription in held or each.subscription not in wanted):
            delete.append(each.subscription_id)
        held.add(each.subscription)
    return SubscriptionChanges(
        add=tuple(one for one in wanted if one not in held),
        delete_ids=tuple(delete),
        left_out=max(0, len(all_wanted) - subscriptions_max),
    )
