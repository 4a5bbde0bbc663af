"""The network as the use cases see it: streams to read, questions to ask, rules and subscriptions to keep."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.arrivals import Stream
from gateway.domain.backoff import Failure
from gateway.domain.post import SkipReason
from gateway.domain.rules import ExistingRule, Rule
from gateway.domain.subscriptions import ExistingSubscription, Subscription
from kernel.ids import NetworkUserId, PostId


class NetworkFailedError(Exception):
    """The network refused, broke off or did not answer; the failure says how long to stay away."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.kind}: {failure.detail}")
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """An empty line of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A line that holds JSON."""

    body: object


Line = Frame | Heartbeat | SkipReason


class NetworkStream(Protocol):
    """One stream; connecting and reading raise NetworkFailedError, and so does a stream that ends by itself."""

    @property
    def stream(self) -> Stream:
        """Which of the two it is."""

    def connect(self, *, backfill_minutes: int) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Line]]]:
        """Open a connection; it gives lines as they come, in batches of what was read at once."""

    async def free_connections(self) -> None:
        """Have the network end connections of ours that it still counts."""


class Archive(Protocol):
    """What can be asked about the past; every method raises NetworkFailedError."""

    def search(self, query: str, *, since: datetime) -> AsyncIterator[list[object]]:
        """Give pages of frames with what matches and was posted since then; no reposts."""

    def reposts_of(self, post_id: PostId, *, since: datetime) -> AsyncIterator[list[object]]:
        """Give pages of frames with the reposts of one of our posts made since then."""


class RuleBook(Protocol):
    """The filtered stream's rules; every method raises NetworkFailedError."""

    async def list_rules(self) -> list[ExistingRule]:
        """Give the rules the network has."""

    async def add_rules(self, rules: Sequence[Rule]) -> int:
        """Add rules; a rule that exists already counts as added. Gives how many were refused."""

    async def delete_rules(self, rule_ids: Sequence[str]) -> None:
        """Delete rules; one that is gone already is no failure."""


class Subscriptions(Protocol):
    """The Activity subscriptions; every method raises NetworkFailedError."""

    async def list_subscriptions(self) -> list[ExistingSubscription]:
        """Give the subscriptions the network has."""

    async def subscribe(self, subscription: Subscription) -> ExistingSubscription:
        """Add one; it may exist already, and what is refused for its account alone comes back as `refused`."""

    async def unsubscribe(self, subscription_id: str) -> None:
        """Delete one; it may be gone already."""


class Accounts(Protocol):
    """Who is who on the network; raises NetworkFailedError."""

    async def user_id_of(self, handle: str) -> NetworkUserId:
        """Give the numeric id behind a handle."""
