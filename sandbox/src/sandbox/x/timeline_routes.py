"""Reading many posts: recent search, a user's own posts, and the reposts of a post, in pages."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from aiohttp import web

from sandbox.x.bodies import id_in_path, json_answer
from sandbox.x.fields import Fields, fields_of
from sandbox.x.matching import matches, subject_of
from sandbox.x.posts import Post
from sandbox.x.problems import ProblemError, forbidden, invalid_request, missing
from sandbox.x.query import since_id_in, until_id_in, whole_number
from sandbox.x.rules import Expression, RuleError, parse_rule
from sandbox.x.tokens import Tokens
from sandbox.x.world import World
from sandbox.x.writing import includes_json, post_json

PAGE_MAX = 100
PAGE_DEFAULT = 10
QUERY_CHARACTERS_MAX = 4_096
_LOOKED_AT_ONCE = 500
"""Posts a search looks at before it lets the streams go on."""


class TimelineRoutes:
    """Every address that answers with a page of posts, newest first."""

    def __init__(self, *, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens

    def routes(self) -> list[web.RouteDef]:
        """Give all addresses."""
        return [
            web.get("/2/tweets/search/recent", self._search),
            web.get("/2/users/{id}/tweets", self._of_user),
            web.get("/2/tweets/{id}/retweets", self._reposts),
        ]

    async def _search(self, request: web.Request) -> web.Response:
        self._tokens.reader_of(request)
        expression = _query_of(request.query)
        fields = fields_of(request.query)
        count_max = _count_max(request.query, least=PAGE_DEFAULT)
        since_id, until_id = since_id_in(request.query), until_id_in(request.query)
        found: list[Post] = []
        async for post in self._found(expression, since_id=since_id, until_id=until_id):
            found.append(post)
            if len(found) == count_max:
                break
        return self._page(found, fields, count_max=count_max)

    async def _found(self, expression: Expression, *, since_id: int, until_id: int) -> AsyncIterator[Post]:
        """Walk matching posts, newest first: no reposts (since May 2026), nobody protected, latest versions only."""
        posts, users = self._world.posts, self._world.users
        for looked_at, post in enumerate(list(posts.newest_first()), start=1):
            if looked_at % _LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if post.id <= since_id:
                return
            if post.id >= until_id or post.reposted_id is not None or not self._world.sees(None, post):
                continue
            if matches(expression, subject_of(post, posts=posts, users=users)):
                yield post

    async def _of_user(self, request: web.Request) -> web.Response:
        reader = self._tokens.reader_of(request)
        fields = fields_of(request.query)
        author = self._world.users.get(id_in_path(request, "id"))
        if author is None:
            raise ProblemError(missing("user", request.match_info["id"]))
        if author.protected and reader != author:
            raise forbidden("Sorry, you are not authorized to see this user's posts.")
        return self._bounded_page(self._world.posts.by_author(author.id), request.query, fields)

    async def _reposts(self, request: web.Request) -> web.Response:
        self._tokens.reader_of(request)
        fields = fields_of(request.query)
        post_id = id_in_path(request, "id")
        if self._world.posts.get(post_id) is None:
            raise ProblemError(missing("tweet", str(post_id)))
        public = [each for each in self._world.posts.reposts_of(post_id) if self._world.sees(None, each)]
        return self._bounded_page(public, request.query, fields)

    def _bounded_page(self, posts: Iterable[Post], query: Mapping[str, str], fields: Fields) -> web.Response:
        count_max = _count_max(query, least=1)
        since_id, until_id = since_id_in(query), until_id_in(query)
        found: list[Post] = []
        for post in posts:
            if post.id <= since_id or len(found) == count_max:
                break
            if post.id < until_id:
                found.append(post)
        return self._page(found, fields, count_max=count_max)

    def _page(self, found: Sequence[Post], fields: Fields, *, count_max: int) -> web.Response:
        """Write a page; a full one names where the next begins."""
        meta: dict[str, object] = {"result_count": len(found)}
        if found:
            meta |= {"newest_id": str(found[0].id), "oldest_id": str(found[-1].id)}
        if len(found) == count_max:
            meta["next_token"] = str(found[-1].id)
        answer = {
            "data": [post_json(post, fields, world=self._world) for post in found],
            "includes": includes_json(found, fields, world=self._world),
            "meta": meta,
        }
        return json_answer({key: value for key, value in answer.items() if value})


def _query_of(query: Mapping[str, str]) -> Expression:
    written = query.get("query", "")
    if not 0 < len(written) <= QUERY_CHARACTERS_MAX:
        raise invalid_request(f"`query` must have 1 to {QUERY_CHARACTERS_MAX} characters", parameters={"query": []})
    try:
        return parse_rule(written)
    except RuleError as error:
        raise invalid_request(f"`query`: {error}", parameters={"query": [written]}) from error


def _count_max(query: Mapping[str, str], *, least: int) -> int:
    return whole_number(query, "max_results", default=PAGE_DEFAULT, least=least, most=PAGE_MAX)
