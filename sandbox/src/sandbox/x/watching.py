"""Watching the world from outside, unfiltered: `GET /sandbox/watch`, one JSON line for each thing that happens."""

import asyncio
from collections import deque

import orjson
from aiohttp import web

from sandbox.x.fields import EVERYTHING, Fields
from sandbox.x.posts import Post
from sandbox.x.query import whole_number
from sandbox.x.world import World
from sandbox.x.world_events import PostPublished, PostRemoved, WorldEvent
from sandbox.x.writing import JsonObject, post_json

LINES_MAX = 100_000
"""A watcher this far behind is told so and let go."""

GATHER_SECONDS = 0.01
"""What happens within ten milliseconds is told together: a write, and its reader's waking, cost more than a line."""

PAGE_MAX = 5_000
WAIT_SECONDS_MAX = 30

_WHOLE = Fields(EVERYTHING.of_posts - {"edit_controls", "lang"}, frozenset(), frozenset())


class Watcher:
    """Lines waiting for one reader."""

    def __init__(self) -> None:
        self.behind = False
        self._lines: deque[bytes] = deque()
        self._woken = asyncio.Event()

    def put(self, line: bytes) -> None:
        """Add a line, unless too many wait."""
        if len(self._lines) < LINES_MAX:
            self._lines.append(line)
        else:
            self.behind = True
        self._woken.set()

    async def take(self) -> bytes:
        """Wait for lines and give all there are a moment later, and one that says so if some are missing."""
        await self._woken.wait()
        await asyncio.sleep(GATHER_SECONDS)
        self._woken.clear()
        lines = b"".join(self._lines)
        self._lines.clear()
        return lines + b'{"event":"behind"}\n' if self.behind else lines


class Watching:
    """`/sandbox/watch` and `/sandbox/posts`."""

    def __init__(self, *, world: World) -> None:
        self._world = world
        self._watchers: dict[Watcher, None] = {}
        self._posted = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Give both addresses."""
        return [web.get("/sandbox/watch", self._watch), web.get("/sandbox/posts", self._list)]

    def tell(self, event: WorldEvent) -> None:
        """Pass one event on."""
        self._posted.set()
        if not self._watchers or (line := _line(event, world=self._world)) is None:
            return
        for watcher in self._watchers:
            watcher.put(line)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        since_id = whole_number(request.query, "since_id", default=0, least=0, most=2**63)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        watcher = Watcher()
        if since_id:
            earlier = self._world.posts.since(since_id, count_max=LINES_MAX)
            watcher.put(b"".join(_post_line(post, self._world) for post in earlier))
        self._watchers[watcher] = None
        try:
            await response.write(b"\n")
            while not watcher.behind:
                await response.write(await watcher.take())
        finally:
            del self._watchers[watcher]
        return response

    async def _list(self, request: web.Request) -> web.Response:
        """Answer at once if there is something, else when there is, or empty when the wait is over."""
        since_id = whole_number(request.query, "since_id", default=0, least=0, most=2**63)
        wait = whole_number(request.query, "wait_seconds", default=0, least=0, most=WAIT_SECONDS_MAX)
        try:
            async with asyncio.timeout(wait):
                while wait and not self._since(since_id):
                    self._posted.clear()
                    await self._posted.wait()
        except TimeoutError:
            pass
        posts = [_whole(post, self._world) for post in self._since(since_id)]
        return web.Response(body=orjson.dumps({"posts": posts}), content_type="application/json")

    def _since(self, since_id: int) -> list[Post]:
        return list(self._world.posts.since(since_id, count_max=PAGE_MAX))


def _line(event: WorldEvent, *, world: World) -> bytes | None:
    match event:
        case PostPublished(post=post):
            return _post_line(post, world)
        case PostRemoved(post=post):
            return orjson.dumps({"event": "delete", "id": str(post.id), "author_id": str(post.author_id)}) + b"\n"
        case _:
            return None


def _post_line(post: Post, world: World) -> bytes:
    return orjson.dumps({"event": "post", **_whole(post, world)}) + b"\n"


def _whole(post: Post, world: World) -> JsonObject:
    return post_json(post, _WHOLE, world=world)
