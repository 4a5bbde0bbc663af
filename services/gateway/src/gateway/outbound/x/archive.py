"""The past at X: recent search and the reposts of one post, page by page."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.backoff import FailureKind
from gateway.domain.shapes import Fields, id_at, object_at, objects_at, string_at
from gateway.outbound.x.api import XApi
from gateway.outbound.x.fields import POST_FIELDS
from gateway.usecases.network import NetworkFailedError
from kernel.ids import PostId
from kernel.snowflakes import time_of_snowflake

PAGE_POSTS = 100
"""X's largest page."""

PAGES_MAX = 200
"""20,000 posts of one query; a gap that holds more is closed as far as X lets us read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XArchive:
    """Asks X about the past."""

    api: XApi

    async def search(self, query: str, *, since: datetime) -> AsyncIterator[list[object]]:
        """Give pages of frames that match a query, newest first, posted since then (whole seconds, rounded down)."""
        start = since.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
        async for page in self._pages("/2/tweets/search/recent", {"query": query, "start_time": start}, "next_token"):
            yield frames_of(page)

    async def reposts_of(self, post_id: PostId, *, since: datetime) -> AsyncIterator[list[object]]:
        """Give pages of frames with a post's reposts, newest first; stops at the first page that reaches before.

        A post that is gone has none: waiting for it would hold the gap open for good.
        """
        try:
            async for page in self._pages(f"/2/tweets/{post_id}/retweets", {}, "pagination_token"):
                yield frames_of(page)
                if any(_posted_before(post, since) for post in objects_at(page, "data")):
                    return
        except NetworkFailedError as error:
            if error.failure.kind is not FailureKind.HTTP or not error.failure.detail.startswith("404"):
                raise

    async def _pages(self, path: str, params: Mapping[str, str], token_name: str) -> AsyncIterator[Fields]:
        asked = {**POST_FIELDS, **params, "max_results": str(PAGE_POSTS)}
        for _ in range(PAGES_MAX):
            page = await self.api.call("GET", path, params=asked)
            yield page
            token = string_at(object_at(page, "meta"), "next_token")
            if not token:
                return
            asked[token_name] = token


def frames_of(page: Fields) -> list[object]:
    """Cut a page into frames of the shape the streams send."""
    includes = object_at(page, "includes")
    return [{"data": post, "includes": includes} for post in objects_at(page, "data")]


def _posted_before(post: Fields, since: datetime) -> bool:
    post_id = id_at(post, "id")
    return bool(post_id) and time_of_snowflake(int(post_id)) < since
