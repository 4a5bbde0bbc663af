"""Filtered stream: every public post that a rule matches, and nothing else, to whoever is connected."""

import asyncio
from collections.abc import Sequence

import orjson
from aiohttp import web

from sandbox.x.backfill import backfill_start
from sandbox.x.connection import LINE_END
from sandbox.x.connections import Connections
from sandbox.x.faults import Endpoint, Faults
from sandbox.x.fields import Fields, fields_of
from sandbox.x.matching import subject_of
from sandbox.x.posts import Post
from sandbox.x.problems import connection_refused
from sandbox.x.rule_book import Rule, RuleBook
from sandbox.x.settings import Tier
from sandbox.x.tokens import Tokens
from sandbox.x.world import World
from sandbox.x.writing import post_json, with_includes

BACKFILL_MAX = 20_000
"""Posts looked through for a backfill; five minutes at 60 posts a second."""


class FilteredStream:
    """`GET /2/tweets/search/stream`."""

    def __init__(
        self,
        *,
        world: World,
        rules: RuleBook,
        connections: Connections,
        faults: Faults,
        tokens: Tokens,
        tier: Tier,
    ) -> None:
        self._world = world
        self._rules = rules
        self._connections = connections
        self._faults = faults
        self._tokens = tokens
        self._tier = tier
        self._last_seen_id = 0

    def routes(self) -> list[web.RouteDef]:
        """Give the stream's address."""
        return [web.get("/2/tweets/search/stream", self._stream)]

    def matching(self, post: Post) -> Sequence[Rule]:
        """Find the rules that bring this post; none for a protected author, none if nobody listens."""
        if not self._connections.at(Endpoint.FILTERED):
            return ()
        return self._rules_for(post)

    def deliver(self, post: Post, rules: Sequence[Rule]) -> None:
        """Send a post to every connection; it is written once for each selection of fields."""
        written: dict[Fields, bytes] = {}
        for connection in self._connections.at(Endpoint.FILTERED):
            frame = written.get(connection.fields) or self._frame(post, rules, connection.fields)
            written[connection.fields] = frame
            connection.offer(frame)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self._tokens.app_of(request)
        fields = fields_of(request.query)
        start = backfill_start(request.query, tier=self._tier, last_seen_id=self._last_seen_id)
        if not len(self._rules):
            detail = "Your client application must have at least one rule before it connects."
            raise connection_refused(409, issue="RuleConfigurationIssue", detail=detail)
        now = asyncio.get_running_loop().time()
        with self._connections.opened(Endpoint.FILTERED, fields, now=now) as connection:
            for post in self._missed(start):
                connection.offer(self._frame(post, self._rules_for(post), fields))
            try:
                return await connection.carry(request)
            finally:
                self._last_seen_id = self._world.ids.next()

    def _missed(self, start: int | None) -> Sequence[Post]:
        if start is None:
            return ()
        later = self._world.posts.since(start, count_max=BACKFILL_MAX)
        return [post for post in later if not self._faults.was_lost(post.id) and self._rules_for(post)]

    def _rules_for(self, post: Post) -> Sequence[Rule]:
        if not self._world.sees(None, post):
            return ()
        return self._rules.matching(subject_of(post, posts=self._world.posts, users=self._world.users))

    def _frame(self, post: Post, rules: Sequence[Rule], fields: Fields) -> bytes:
        frame = with_includes(post_json(post, fields, world=self._world), [post], fields, world=self._world)
        frame["matching_rules"] = [
            {"id": str(rule.id)} if rule.tag is None else {"id": str(rule.id), "tag": rule.tag} for rule in rules
        ]
        return orjson.dumps(frame) + LINE_END
