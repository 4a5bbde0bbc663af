"""Activity subscriptions: which events of which users the app is told of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.x.problems import Problem, ProblemError, invalid_request
from sandbox.x.settings import Tier
from sandbox.x.snowflake_ids import SnowflakeIds, number_in, unix_ms_of
from sandbox.x.writing import time_json

SUBSCRIPTIONS_MAX = {Tier.SELF_SERVE: 1_500, Tier.ENTERPRISE: 75_000}
EVENT_TYPES = frozenset(
    {"post.create", "post.delete", "oauth.revoke", "profile.update.handle", "profile.update.screenname"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One event type of one user."""

    id: int
    event_type: str
    user_id: int
    tag: str | None

    def as_json(self) -> dict[str, object]:
        """Write it as X does."""
        made = time_json(unix_ms_of(self.id))
        named = {} if self.tag is None else {"tag": self.tag}
        return {
            "subscription_id": str(self.id),
            "event_type": self.event_type,
            "filter": {"user_id": str(self.user_id)},
            "created_at": made,
            "updated_at": made,
            **named,
        }


class Subscriptions:
    """All subscriptions, found by id and by what they listen to."""

    def __init__(self, *, tier: Tier, ids: SnowflakeIds) -> None:
        self._max = SUBSCRIPTIONS_MAX[tier]
        self._ids = ids
        self._by_id: dict[int, Subscription] = {}
        self._by_key: dict[tuple[str, int], Subscription] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, event_type: str, user_id: int, tag: str | None) -> Subscription:
        """Subscribe; twice to the same is a conflict, as is one more than the tier allows."""
        if event_type not in EVENT_TYPES:
            raise invalid_request(f"{event_type} is not simulated; known are {sorted(EVENT_TYPES)}")
        if (event_type, user_id) in self._by_key:
            raise _refused(409, "Conflict", "A subscription to this event of this user exists already.")
        if len(self._by_id) >= self._max:
            raise _refused(403, "Forbidden", f"Your app may hold {self._max} subscriptions.")
        subscription = Subscription(id=self._ids.next(), event_type=event_type, user_id=user_id, tag=tag)
        self._by_id[subscription.id] = self._by_key[event_type, user_id] = subscription
        return subscription

    def listening(self, event_type: str, user_id: int) -> Subscription | None:
        """Find the subscription to an event of a user."""
        return self._by_key.get((event_type, user_id))

    def get(self, subscription_id: str) -> Subscription | None:
        """Find by id."""
        number = number_in(subscription_id)
        return None if number is None else self._by_id.get(number)

    def tagged(self, subscription: Subscription, tag: str | None) -> Subscription:
        """Give a subscription another tag."""
        changed = replace(subscription, tag=tag)
        self._by_id[changed.id] = self._by_key[changed.event_type, changed.user_id] = changed
        return changed

    def remove(self, subscription: Subscription) -> None:
        """Stop listening."""
        del self._by_id[subscription.id], self._by_key[subscription.event_type, subscription.user_id]

    def page(self, *, after_id: int, count_max: int) -> Sequence[Subscription]:
        """Give subscriptions in the order they were made."""
        later = (each for each in self._by_id.values() if each.id > after_id)
        return [each for each, _ in zip(later, range(count_max), strict=False)]


def _refused(status: int, title: str, detail: str) -> ProblemError:
    return ProblemError(Problem(status=status, title=title, detail=detail))
