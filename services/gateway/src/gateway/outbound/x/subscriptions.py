"""The Activity subscriptions at X: list, add, delete."""

from dataclasses import dataclass

from gateway.domain.backoff import FailureKind
from gateway.domain.shapes import Fields, id_at, object_at, objects_at, string_at
from gateway.domain.subscriptions import ExistingSubscription, Subscription
from gateway.outbound.x.api import XApi
from gateway.usecases.network import NetworkFailedError
from kernel.ids import NetworkUserId

_PATH = "/2/activity/subscriptions"

PAGE_SUBSCRIPTIONS = 1_000
PAGES_MAX = 100
"""The enterprise limit of 75,000 subscriptions fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XSubscriptions:
    """Keeps Activity subscriptions at X."""

    api: XApi

    async def list_subscriptions(self) -> list[ExistingSubscription]:
        """Give the subscriptions X has, page by page."""
        found: list[ExistingSubscription] = []
        asked = {"max_results": str(PAGE_SUBSCRIPTIONS)}
        for _ in range(PAGES_MAX):
            page = await self.api.call("GET", _PATH, params=asked)
            found += [_existing(each) for each in objects_at(page, "data")]
            token = string_at(object_at(page, "meta"), "next_token")
            if not token:
                break
            asked["pagination_token"] = token
        return found

    async def subscribe(self, subscription: Subscription) -> ExistingSubscription:
        """Add one; X's word that it exists is as good, but then its id is not known until the next listing."""
        body = {
            "event_type": subscription.event_type,
            "filter": {"user_id": subscription.user_id},
            "tag": f"hashtill:{subscription.event_type}",
        }
        try:
            answer = await self.api.call("POST", _PATH, json=body)
        except NetworkFailedError as error:
            duplicate = _is_duplicate(error)
            if not (duplicate or _is_of_the_account(error)):
                raise
            return ExistingSubscription(subscription_id="", subscription=subscription, refused=not duplicate)
        made = object_at(object_at(answer, "data"), "subscription") or object_at(answer, "data")
        return ExistingSubscription(subscription_id=id_at(made, "subscription_id"), subscription=subscription)

    async def unsubscribe(self, subscription_id: str) -> None:
        """Delete one; one that is gone already is as good."""
        try:
            await self.api.call("DELETE", f"{_PATH}/{subscription_id}")
        except NetworkFailedError as error:
            if not _says(error, "404"):
                raise


def _existing(each: Fields) -> ExistingSubscription:
    user = id_at(object_at(each, "filter"), "user_id")
    subscription = Subscription(event_type=string_at(each, "event_type"), user_id=NetworkUserId(user))
    return ExistingSubscription(subscription_id=string_at(each, "subscription_id"), subscription=subscription)


def _is_duplicate(error: NetworkFailedError) -> bool:
    return _says(error, "409") or "duplicate" in error.failure.detail.lower()


def _is_of_the_account(error: NetworkFailedError) -> bool:
    """Whether X refuses this account's subscription alone (it is deleted or suspended), not our access."""
    return _says(error, "400") or _says(error, "404")


def _says(error: NetworkFailedError, status: str) -> bool:
    return error.failure.kind is FailureKind.HTTP and error.failure.detail.startswith(status)
