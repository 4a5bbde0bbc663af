"""Rate limits: how many calls each endpoint takes in 15 minutes, told in headers on every answer, refused with 429."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.x.settings import Tier
from sandbox.x.snowflake_ids import Clock

WINDOW_SECONDS = 900
_WINDOWS_MAX = 1_000_000
"""Counters kept; beyond this many, those of past windows are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Calls a window by the app itself and by each user."""

    by_app: int
    by_user: int


_SELF_SERVE: Mapping[str, Limit] = {
    "GET /2/tweets/search/stream": Limit(by_app=50, by_user=50),
    "GET /2/activity/stream": Limit(by_app=50, by_user=50),
    "GET /2/tweets/search/stream/rules": Limit(by_app=450, by_user=450),
    "POST /2/tweets/search/stream/rules": Limit(by_app=100, by_user=100),
    "GET /2/tweets/search/recent": Limit(by_app=450, by_user=300),
    "POST /2/tweets": Limit(by_app=100, by_user=100),
    "DELETE /2/tweets/{id}": Limit(by_app=50, by_user=50),
    "GET /2/tweets": Limit(by_app=3_500, by_user=5_000),
    "GET /2/tweets/{id}": Limit(by_app=450, by_user=900),
    "GET /2/tweets/{id}/retweets": Limit(by_app=75, by_user=75),
    "POST /2/users/{id}/retweets": Limit(by_app=50, by_user=50),
    "DELETE /2/users/{id}/retweets/{source_tweet_id}": Limit(by_app=50, by_user=50),
    "GET /2/users/me": Limit(by_app=75, by_user=75),
    "GET /2/users/{id}": Limit(by_app=300, by_user=900),
    "GET /2/users/by/username/{username}": Limit(by_app=300, by_user=900),
    "GET /2/users/{id}/tweets": Limit(by_app=10_000, by_user=900),
    "GET /2/activity/subscriptions": Limit(by_app=500, by_user=500),
    "POST /2/activity/subscriptions": Limit(by_app=500, by_user=500),
    "DELETE /2/activity/subscriptions": Limit(by_app=500, by_user=500),
    "PUT /2/activity/subscriptions/{subscription_id}": Limit(by_app=500, by_user=500),
    "DELETE /2/activity/subscriptions/{subscription_id}": Limit(by_app=500, by_user=500),
    "GET /2/connections": Limit(by_app=25, by_user=25),
    "DELETE /2/connections": Limit(by_app=25, by_user=25),
    "DELETE /2/connections/all": Limit(by_app=25, by_user=25),
    "DELETE /2/connections/{endpoint_id}": Limit(by_app=25, by_user=25),
}
"""X's published limits; what is not published is set like its neighbours."""

ENTERPRISE_FACTOR = 20_000
"""Enterprise limits are by contract; this lets 2,000 posts a second through, and no test reach a limit by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left of a limit after this call; `reset_at` in Unix seconds."""

    limit: int
    remaining: int
    reset_at: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Write X's three headers."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(self.reset_at),
        }


class RateLimits:
    """Counts calls; a window begins with its first call."""

    def __init__(self, *, tier: Tier, clock: Clock) -> None:
        self._factor = ENTERPRISE_FACTOR if tier is Tier.ENTERPRISE else 1
        self._clock = clock
        self._windows: dict[tuple[str, str], tuple[int, int]] = {}

    def spend(self, endpoint: str, payer: str) -> Allowance | None:
        """Count one call; None for an endpoint without a limit."""
        limit = _SELF_SERVE.get(endpoint)
        if limit is None:
            return None
        allowed = (limit.by_app if payer == "app" else limit.by_user) * self._factor
        now = int(self._clock())
        reset_at, used = self._windows.get((endpoint, payer), (0, 0))
        if now >= reset_at:
            reset_at, used = now + WINDOW_SECONDS, 0
        self._keep(endpoint, payer, reset_at, used + 1, now=now)
        remaining = max(allowed - used - 1, 0)
        return Allowance(limit=allowed, remaining=remaining, reset_at=reset_at, exceeded=used >= allowed)

    def exhausted(self, endpoint: str) -> Allowance:
        """Give the headers of a limit a fault declares spent."""
        limit = _SELF_SERVE.get(endpoint, Limit(by_app=1, by_user=1))
        return Allowance(limit=limit.by_user, remaining=0, reset_at=int(self._clock()) + 1, exceeded=True)

    def reset(self) -> None:
        """Forget all counts."""
        self._windows.clear()

    def _keep(self, endpoint: str, payer: str, reset_at: int, used: int, *, now: int) -> None:
        self._windows[endpoint, payer] = (reset_at, used)
        if len(self._windows) > _WINDOWS_MAX:
            self._windows = {key: window for key, window in self._windows.items() if window[0] > now}
