"""X, from outside: people posting, and everybody's timeline, followed live."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from hashtill_cli.scenarios.waiting import STEP_SECONDS_MAX, NeverHappenedError
from hashtill_cli.scenarios.world.seen_post import SeenPost, seen_post

CALL_SECONDS_MAX = 15.0

HTTP_REFUSED = 400

POSTS_MAX = 200_000
"""A demo follows hundreds; beyond this it forgets nothing but stops to learn."""


class XRefusedError(Exception):
    """X would not have it; the sentence is X's."""


class X:
    """One X, with everything its program account and its people say."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, app_key: str, app_secret: str) -> None:
        self._session, self.url = session, url
        self._app = {"Authorization": aiohttp.encode_basic_auth(app_key, app_secret)}
        self._posts: dict[str, SeenPost] = {}
        self._changed = asyncio.Condition()
        self._program_id = ""

    async def open(self) -> None:
        """Learn who the program account is, and sign in as the app, to see what it listens to."""
        self._program_id = str((await self._call("GET", "/sandbox/state"))["program"]["id"])
        form = {"grant_type": "client_credentials"}
        async with self._session.post(f"{self.url}/oauth2/token", data=form, headers=self._app) as response:
            self._app = {"Authorization": f"Bearer {(await response.json())['access_token']}"}

    async def listens_to(self, tag: str) -> bool:
        """Say whether the app follows a tag: what was posted before it did is not delivered, there as here."""
        async with self._session.get(f"{self.url}/2/tweets/search/stream/rules", headers=self._app) as response:
            rules = (await response.json()).get("data", ())
        return any(rule["value"].casefold() == f"#{tag}".casefold() for rule in rules)

    async def follow(self) -> None:
        """Follow the timeline until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(
            f"{self.url}/sandbox/watch", params={"since_id": "1"}, timeout=timeout
        ) as response:
            async for line in response.content:
                if line.strip():
                    await self._hear(json.loads(line))

    async def new_person(self, handle: str, name: str, *, protected: bool = False) -> str:
        """Open an account; gives its id."""
        body = {"users": [{"username": handle, "name": name, "protected": protected}]}
        made = await self._call("POST", "/sandbox/users", body)
        return str(made["users"][0]["id"])

    async def protect(self, user_id: str) -> None:
        """Make an account protected."""
        await self._call("PATCH", f"/sandbox/users/{user_id}", {"protected": True})

    async def act(self, do: str, user_id: str, *, text: str = "", post_id: str | None = None) -> str:
        """Let a person do something, and give the id of the post that came of it. Raises XRefusedError."""
        action = {"do": do, "user": user_id, "text": text, "post_id": post_id}
        result = (await self._call("POST", "/sandbox/actions", {"actions": [action]}))["results"][0]
        if "error" in result:
            raise XRefusedError(result["error"]["detail"])
        return str(result["id"])

    async def fault(self, kind: str, **facts: object) -> None:
        """Let something go wrong."""
        await self._call("POST", "/sandbox/faults", {"kind": kind, **facts})

    def answers_to(self, post_id: str) -> Sequence[SeenPost]:
        """Give the program account's replies to a post, oldest first."""
        return [post for post in self._posts.values() if post.replied_to == post_id and self._is_program(post)]

    async def answer_to(self, post_id: str, *, seconds: float = STEP_SECONDS_MAX) -> SeenPost:
        """Wait for the program account's first reply to a post. Raises NeverHappenedError."""
        return await self._first(lambda post: post.replied_to == post_id, f"a reply to post {post_id}", seconds)

    def announcements_of(self, tag: str) -> Sequence[SeenPost]:
        """Give the program account's own posts about a tag, oldest first."""
        return [post for post in self._posts.values() if self._is_program(post) and _announces(post, tag)]

    async def announcement_of(self, tag: str, *, since_id: str = "0") -> SeenPost:
        """Wait for the program account's own post about a tag. Raises NeverHappenedError."""
        return await self._first(
            lambda post: _announces(post, tag) and int(post.post_id) > int(since_id),
            f"the program's own post about #{tag}",
            STEP_SECONDS_MAX,
        )

    async def _first(self, fits: Callable[[SeenPost], bool], what: str, seconds: float) -> SeenPost:
        def found() -> SeenPost | None:
            return next((post for post in self._posts.values() if self._is_program(post) and fits(post)), None)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: found() is not None)
        if (post := found()) is None:
            raise NeverHappenedError(f"X did not show {what} within {seconds:g} s.")
        return post

    def _is_program(self, post: SeenPost) -> bool:
        return post.author_id == self._program_id

    async def _hear(self, frame: dict[str, Any]) -> None:
        if frame["event"] != "post" or len(self._posts) >= POSTS_MAX:
            return
        post = seen_post(frame)
        async with self._changed:
            self._posts[post.post_id] = post
            self._changed.notify_all()

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS_MAX)
        async with self._session.request(method, self.url + path, json=body, timeout=timeout) as response:
            answer = await response.json()
            if response.status >= HTTP_REFUSED:
                raise XRefusedError(f"{path} said {response.status}: {answer}")
            return answer


def _announces(post: SeenPost, tag: str) -> bool:
    return not post.replied_to and f"#{tag} " in f"{post.text} "
