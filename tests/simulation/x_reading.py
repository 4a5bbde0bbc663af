"""X as the gateway reads it: two streams with heartbeats, search and reposts for gaps, rules, subscriptions."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.chance import Fault
from tests.simulation.stage import Life
from tests.simulation.waking import Signal
from tests.simulation.x_posts import PROGRAM_ID, XPost, frame_of
from tests.simulation.x_queries import Query
from tests.simulation.x_world import XWorld

from gateway.domain.arrivals import Stream
from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.rules import ExistingRule, Rule
from gateway.domain.subscriptions import ExistingSubscription, Subscription
from gateway.usecases.network import Frame, Heartbeat, Line, NetworkFailedError
from kernel.ids import NetworkUserId, PostId

HEARTBEAT_SECONDS, QUIET_HEARTBEAT_SECONDS = 50.0, 12 * 3_600.0
SEARCH_DELAY = timedelta(seconds=25)
"""How long after a post a search may not find it."""

_GONE = Failure(kind=FailureKind.NETWORK, detail="the stream ended")


class Connection:
    """One open connection: frames wait here until they are read; what comes after its end is lost with it."""

    def __init__(self, life: Life, world: XWorld) -> None:
        self._life, self._world = life, world
        self._frames: list[Any] = []
        self._news = Signal()
        self.ended = False

    def push(self, frame: Any) -> None:
        """Send a frame."""
        self._frames.append(frame)
        self._news.set()

    def end(self) -> None:
        """Break the connection."""
        self.ended = True
        self._frames.clear()
        self._news.set()

    def __aiter__(self) -> "Connection":
        return self

    async def __anext__(self) -> Sequence[Line]:
        if not self._frames and not self.ended:
            self._news.clear()
            await self._news.wait(HEARTBEAT_SECONDS if self._world.busy else QUIET_HEARTBEAT_SECONDS)
        await self._life.step("reads X")
        if self.ended:
            raise NetworkFailedError(_GONE)
        frames, self._frames = self._frames, []
        return [Frame(body=frame) for frame in frames] or [Heartbeat()]


class SimStream:
    """One of the two streams, as one life of the gateway connects to it."""

    def __init__(self, life: Life, world: XWorld, stream: Stream) -> None:
        self._life, self._world, self.stream = life, world, stream

    @asynccontextmanager
    async def connect(self, *, backfill_minutes: int) -> AsyncIterator[AsyncIterator[Sequence[Line]]]:
        """Open a connection; a new one ends the one before."""
        await self._life.step(f"connects, backfill {backfill_minutes}")
        if self._world.refuse_until > self._life.stage.loop.time():
            raise NetworkFailedError(Failure(kind=FailureKind.NETWORK, detail="X does not answer"))
        former = self._world.connections.get(self.stream)
        if former is not None:
            former.end()
        connection = self._world.connections[self.stream] = Connection(self._life, self._world)
        try:
            yield connection
        finally:
            if self._world.connections.get(self.stream) is connection:
                del self._world.connections[self.stream]

    async def free_connections(self) -> None:
        """A new connection ends the one before, so nothing is counted on."""


class _Pages:
    """What a question gives, one page at a time; X may fail before the first."""

    def __init__(self, life: Life, found: Sequence[XPost]) -> None:
        self._life, self._found, self._asked = life, list(found), False

    def __aiter__(self) -> "_Pages":
        return self

    async def __anext__(self) -> list[object]:
        await self._life.step("searches X")
        if not self._asked and self._life.stage.weather.strikes(Fault.ARCHIVE_FAILED, "search"):
            raise NetworkFailedError(Failure(kind=FailureKind.HTTP, detail="503"))
        self._asked = True
        page, self._found = self._found[:10], self._found[10:]
        if not page:
            raise StopAsyncIteration
        return [frame_of(post) for post in page]


class SimArchive:
    """What can be asked about the past."""

    def __init__(self, life: Life, world: XWorld) -> None:
        self._life, self._world = life, world

    def search(self, query: str, *, since: datetime) -> AsyncIterator[list[object]]:
        """Find posts that are shown and old enough to be indexed; no reposts."""
        finds = Query.of([query]).finds
        posts = self._since(since, self._world.posts.values())
        return _Pages(self._life, [post for post in posts if post.kind != "repost" and finds(post)])

    def reposts_of(self, post_id: PostId, *, since: datetime) -> AsyncIterator[list[object]]:
        """Find the reposts of one post."""
        return _Pages(self._life, self._since(since, self._world.reposts[post_id]))

    def _since(self, since: datetime, posts: Iterable[XPost]) -> list[XPost]:
        until = self._life.stage.now() - SEARCH_DELAY
        return [post for post in self._world.shown(posts) if since <= post.at <= until]


class SimRuleBook:
    """The filtered stream's rules."""

    def __init__(self, life: Life, world: XWorld) -> None:
        self._life, self._world = life, world

    async def list_rules(self) -> list[ExistingRule]:
        """Give the rules."""
        await self._life.step("lists rules")
        return [ExistingRule(rule_id=key, value=value, tag=tag) for key, (value, tag) in self._world.rules.items()]

    async def add_rules(self, rules: Sequence[Rule]) -> int:
        """Add rules."""
        await self._life.step("adds rules")
        for rule in rules:
            self._world.rules[f"rule-{rule.value}"] = (rule.value, rule.tag)
        return 0

    async def delete_rules(self, rule_ids: Sequence[str]) -> None:
        """Delete rules."""
        await self._life.step("deletes rules")
        for rule_id in rule_ids:
            self._world.rules.pop(rule_id, None)


class SimSubscriptions:
    """The Activity subscriptions."""

    def __init__(self, life: Life, world: XWorld) -> None:
        self._life, self._world = life, world

    async def list_subscriptions(self) -> list[ExistingSubscription]:
        """Give the subscriptions."""
        await self._life.step("lists subscriptions")
        return [
            ExistingSubscription(
                subscription_id=key, subscription=Subscription(event_type=kind, user_id=NetworkUserId(user))
            )
            for key, (kind, user) in self._world.subscriptions.items()
        ]

    async def subscribe(self, subscription: Subscription) -> ExistingSubscription:
        """Add one; asking for many is quick here, for it is no part of what is tried."""
        self._life.check()
        key = f"{subscription.event_type}:{subscription.user_id}"
        self._world.subscriptions[key] = (subscription.event_type, subscription.user_id)
        return ExistingSubscription(subscription_id=key, subscription=subscription)

    async def unsubscribe(self, subscription_id: str) -> None:
        """Delete one."""
        await self._life.step("unsubscribes")
        self._world.subscriptions.pop(subscription_id, None)


class SimAccounts:
    """Who is who."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def user_id_of(self, handle: str) -> NetworkUserId:
        """Give the program's id, the only one that is asked for."""
        await self._life.step(f"asks who @{handle} is")
        return NetworkUserId(PROGRAM_ID)
