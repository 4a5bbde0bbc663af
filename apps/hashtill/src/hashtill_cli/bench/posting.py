"""People posting at X: what many do at the same time goes to the simulated X in one request."""

import asyncio
from collections.abc import Callable

import aiohttp
import orjson

GATHER_SECONDS = 0.02
"""What happens within this travels together."""

ACTIONS_MAX = 1_000
"""In one request: fewer than X allows, so that its streams never wait long."""


class PostingError(Exception):
    """X would not have a post; the sentence is X's."""


class Posting:
    """A queue of posts and the task that sends them."""

    def __init__(self, http: aiohttp.ClientSession, x_url: str) -> None:
        self._http, self._url = http, f"{x_url}/sandbox/actions"
        self._waiting: list[tuple[dict[str, str], Callable[[str], None]]] = []
        self._woken = asyncio.Event()

    def post(self, user_id: str, text: str, *, then: Callable[[str], None]) -> None:
        """Let somebody post; `then` gets the post's id."""
        self._waiting.append(({"do": "post", "user": user_id, "text": text}, then))
        self._woken.set()

    async def run(self) -> None:
        """Send what is waiting until cancelled. Raises PostingError."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_SECONDS)
            batch, self._waiting = self._waiting[:ACTIONS_MAX], self._waiting[ACTIONS_MAX:]
            if not self._waiting:
                self._woken.clear()
            await self._send(batch)

    async def _send(self, batch: list[tuple[dict[str, str], Callable[[str], None]]]) -> None:
        body = orjson.dumps({"actions": [action for action, _ in batch]})
        async with self._http.post(self._url, data=body, headers={"Content-Type": "application/json"}) as answer:
            results = orjson.loads(await answer.read())["results"]
        for result, (_, then) in zip(results, batch, strict=True):
            if "error" in result:
                raise PostingError(str(result["error"]))
            then(result["id"])
