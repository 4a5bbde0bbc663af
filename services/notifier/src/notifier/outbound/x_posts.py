"""X's posting side, as the program account: post, reply, and look for what we said already."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from http import HTTPStatus
from typing import Any
from unicodedata import normalize

import aiohttp
import orjson
from aiohttp import ClientSession, ClientTimeout

from kernel.ids import PostId
from kernel.secret import Secret
from kernel.snowflakes import time_of_snowflake
from notifier.domain.quota import Quota
from notifier.usecases.ports import DUPLICATE_TEXT, NotPosted, PostAnswer, Posted

CALL_SECONDS = 8.0
"""Looking and posting have this long each, waiting for a connection included: whoever fell silent has ended long before
`SILENCE_MAX` is over."""

_TIMEOUT = ClientTimeout(total=CALL_SECONDS)

CLOCKS_APART_MAX = timedelta(minutes=1)
"""How far ahead of X our clock may run without hiding from us what we posted."""

PAGES_MAX = 32
PAGE_SIZE = 100
"""X answers at most 100 of our own posts a page, newest first, and gives the newest 3,200 of them."""

_NOT_SUMMONED = "mention"
"""X says so in words: a reply is only taken where the author mentioned or quoted us."""

_DUPLICATE = "duplicate"

_UNREADABLE = (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError, AttributeError)
"""What no answer raises, and an answer of another shape than X's: nobody knows then what became of a post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramAccount:
    """The account that posts and replies."""

    api_url: str
    access_token: Secret[str]


class XPosts:
    """The notifier's view of X; the session and its connections are kept."""

    def __init__(self, session: ClientSession, *, account: ProgramAccount) -> None:
        self._session, self._account = session, account
        self._own_id: str | None = None

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:
        """Post or reply; a connection that broke after the request left gives an unknown outcome."""
        body: dict[str, Any] = {"text": text}
        if in_reply_to is not None:
            body["reply"] = {"in_reply_to_tweet_id": in_reply_to}
        try:
            async with self._request("POST", "/2/tweets", data=orjson.dumps(body)) as answer:
                quota = _quota_of(answer.headers)
                return PostAnswer(outcome=_outcome_of(answer.status, await _body_of(answer), quota), quota=quota)
        except aiohttp.ClientConnectorError:
            return PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE"))
        except _UNREADABLE:
            return PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))

    async def find(self, text: str, *, in_reply_to: PostId | None, since: datetime) -> Posted | NotPosted:
        """Look for our own earliest post with this text and answer since then."""
        found: Posted | None = None
        token = ""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                for _ in range(PAGES_MAX):
                    page = await self._own_posts(since - CLOCKS_APART_MAX, token=token)
                    matching = [each for each in page.get("data", ()) if _says(each, text, in_reply_to=in_reply_to)]
                    found = _posted(matching[-1]["id"]) if matching else found
                    token = page.get("meta", {}).get("next_token", "")
                    if not token:
                        break
                else:  # not read as far back as the try: it may be out for all we know
                    return found or NotPosted(reason="TOO_MANY_POSTS", unknown=True)
        except (*_UNREADABLE, _UnreadableError):
            return NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True)
        return found or NotPosted(reason="NOT_FOUND")

    async def _own_posts(self, since: datetime, *, token: str) -> Mapping[str, Any]:
        own_id = await self._own()
        query = {
            "max_results": str(PAGE_SIZE),
            "start_time": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "tweet.fields": "referenced_tweets",
        }
        if token:
            query["pagination_token"] = token
        return await self._read(f"/2/users/{own_id}/tweets", query)

    async def _own(self) -> str:
        if self._own_id is None:
            self._own_id = str((await self._read("/2/users/me", {}))["data"]["id"])
        return self._own_id

    async def _read(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        async with self._request("GET", path, params=query) as answer:
            if answer.status != HTTPStatus.OK:
                raise _UnreadableError(f"X answered {answer.status}")
            return await _body_of(answer)

    def _request(self, method: str, path: str, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._account.access_token.reveal()}"}
        if "data" in given:
            headers["Content-Type"] = "application/json"
        return self._session.request(method, self._account.api_url + path, headers=headers, timeout=_TIMEOUT, **given)


class _UnreadableError(Exception):
    """X did not give our own posts."""


async def _body_of(answer: aiohttp.ClientResponse) -> Mapping[str, Any]:
    try:
        body = orjson.loads(await answer.read())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _outcome_of(status: int, body: Mapping[str, Any], quota: Quota | None) -> Posted | NotPosted:
    if status == HTTPStatus.CREATED:
        return _posted(body["data"]["id"])
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotPosted(reason="QUOTA", until=quota.reset_at if quota else None)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True)
    if status == HTTPStatus.UNAUTHORIZED:
        return NotPosted(reason="ACCOUNT_LOCKED")
    return NotPosted(reason=_refused(body), for_good=True)


def _refused(body: Mapping[str, Any]) -> str:
    said = f"{body.get('detail', '')} {body.get('errors', '')}".lower()
    if _DUPLICATE in said:
        return DUPLICATE_TEXT
    return "NOT_SUMMONED" if _NOT_SUMMONED in said else "POST_GONE"


def _posted(post_id: str) -> Posted:
    return Posted(post_id=PostId(post_id), posted_at=time_of_snowflake(int(post_id)))


def _says(post: Mapping[str, Any], text: str, *, in_reply_to: PostId | None) -> bool:
    """Whether this is our post; X gives texts in NFC, with `&`, `<` and `>` escaped."""
    answered = [each["id"] for each in post.get("referenced_tweets", ()) if each.get("type") == "replied_to"]
    said = normalize("NFC", unescape(str(post.get("text", ""))))
    return said.endswith(normalize("NFC", text)) and answered == ([in_reply_to] if in_reply_to else [])


def _quota_of(headers: Mapping[str, str]) -> Quota | None:
    try:
        return Quota(
            limit=int(headers["x-rate-limit-limit"]),
            remaining=int(headers["x-rate-limit-remaining"]),
            reset_at=datetime.fromtimestamp(int(headers["x-rate-limit-reset"]), tz=UTC),
        )
    except (KeyError, ValueError):
        return None
