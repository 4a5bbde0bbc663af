"""Activity stream: posts, deletes, profile changes and revocations of subscribed users only; reposts never."""

import asyncio
import uuid
from collections import deque
from collections.abc import Sequence

import orjson
from aiohttp import web

from sandbox.x.backfill import backfill_start
from sandbox.x.connection import LINE_END
from sandbox.x.connections import Connections
from sandbox.x.faults import Endpoint
from sandbox.x.fields import EVERYTHING
from sandbox.x.posts import Post
from sandbox.x.settings import Tier
from sandbox.x.subscriptions import Subscription, Subscriptions
from sandbox.x.tokens import Tokens
from sandbox.x.world import World
from sandbox.x.world_events import AccessRevoked, PostPublished, PostRemoved, ProfileChanged, WorldEvent
from sandbox.x.writing import includes_json, post_json, time_json

EVENTS_MAX = 10_000
"""Events kept for a backfill; five minutes at 30 a second."""


class ActivityStream:
    """`GET /2/activity/stream`."""

    def __init__(
        self, *, world: World, subscriptions: Subscriptions, connections: Connections, tokens: Tokens, tier: Tier
    ) -> None:
        self._world = world
        self._subscriptions = subscriptions
        self._connections = connections
        self._tokens = tokens
        self._tier = tier
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=EVENTS_MAX)
        self._last_seen_id = 0

    def routes(self) -> list[web.RouteDef]:
        """Give the stream's address."""
        return [web.get("/2/activity/stream", self._stream)]

    def listening(self, event: WorldEvent) -> Subscription | None:
        """Find the subscription an event goes to; none for a protected user's posts and for reposts."""
        match event:
            case PostPublished(post=post):
                return self._for_post("post.create", post)
            case PostRemoved(post=post):
                return self._for_post("post.delete", post)
            case ProfileChanged(user_id=user_id, field=field):
                return self._subscriptions.listening(f"profile.update.{field}", user_id)
            case AccessRevoked(user_id=user_id):
                return self._subscriptions.listening("oauth.revoke", user_id)

    def deliver(self, event: WorldEvent, subscription: Subscription) -> None:
        """Send an event to every connection and keep it for a backfill."""
        frame = orjson.dumps({"data": self._envelope(event, subscription)}) + LINE_END
        self._kept.append((self._world.ids.next(), frame))
        for connection in self._connections.at(Endpoint.ACTIVITY):
            connection.offer(frame)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self._tokens.app_of(request)
        start = backfill_start(request.query, tier=self._tier, last_seen_id=self._last_seen_id)
        now = asyncio.get_running_loop().time()
        with self._connections.opened(Endpoint.ACTIVITY, EVERYTHING, now=now) as connection:
            for frame in self._missed(start):
                connection.offer(frame)
            try:
                return await connection.carry(request)
            finally:
                self._last_seen_id = self._world.ids.next()

    def _missed(self, start: int | None) -> Sequence[bytes]:
        return () if start is None else [frame for made, frame in self._kept if made > start]

    def _for_post(self, event_type: str, post: Post) -> Subscription | None:
        if post.reposted_id is not None or not self._world.sees(None, post):
            return None
        return self._subscriptions.listening(event_type, post.author_id)

    def _envelope(self, event: WorldEvent, subscription: Subscription) -> dict[str, object]:
        envelope: dict[str, object] = {
            "event_uuid": str(uuid.uuid4()),
            "filter": {"user_id": str(subscription.user_id)},
            "event_type": subscription.event_type,
            "payload": self._payload(event),
        }
        if subscription.tag is not None:
            envelope["tag"] = subscription.tag
        if isinstance(event, PostPublished):
            envelope["includes"] = includes_json([event.post], EVERYTHING, world=self._world)
        return envelope

    def _payload(self, event: WorldEvent) -> dict[str, object]:
        match event:
            case PostPublished(post=post):
                return post_json(post, EVERYTHING, world=self._world)
            case PostRemoved(post=post):
                return {"id": str(post.id), "author_id": str(post.author_id)}
            case ProfileChanged(before=before, after=after):
                return {"before": before, "after": after}
            case AccessRevoked(user_id=user_id, app_id=app_id, at_unix_ms=at_unix_ms):
                return {"user_id": str(user_id), "app_id": app_id, "date_time": time_json(at_unix_ms)}
