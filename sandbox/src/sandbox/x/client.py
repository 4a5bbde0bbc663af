"""A small client of the simulated X for tests, demos and load generators: its control API, and X's with any token."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

ANSWER_SECONDS = 10.0
"""Everything here is local; an answer that takes longer is not coming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: `body` is the JSON, or None."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Frames:
    """The lines of an open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def line(self, *, seconds: float = ANSWER_SECONDS) -> bytes:
        """Wait for the next line, a heartbeat (empty) included; EOFError when the stream has ended."""
        async with asyncio.timeout(seconds):
            line = await self._response.content.readline()
        if not line:
            raise EOFError("the stream has ended")
        return line.strip()

    async def next(self, *, seconds: float = ANSWER_SECONDS) -> Any:
        """Wait for the next frame, passing heartbeats by."""
        async with asyncio.timeout(seconds):
            while not (line := await self.line(seconds=seconds)):
                pass
        return orjson.loads(line)


class XClient:
    """Drives one simulated X."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        query: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Answer:
        """Call any address; redirects are answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if basic:
            headers["Authorization"] = aiohttp.encode_basic_auth(*basic)
        async with self._session.request(
            method,
            self.url + path,
            params=query,
            json=json,
            data=form,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        ) as response:
            raw = await response.read()
            body = orjson.loads(raw) if "json" in response.content_type and raw else None
            return Answer(status=response.status, headers=dict(response.headers), body=body)

    @asynccontextmanager
    async def stream(self, path: str, *, token: str, query: Mapping[str, str] | None = None) -> AsyncIterator[Frames]:
        """Open a stream; the first heartbeat has been read when this returns."""
        headers = {"Authorization": f"Bearer {token}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS)
        async with self._session.get(self.url + path, params=query, headers=headers, timeout=timeout) as response:
            response.raise_for_status()
            frames = Frames(response)
            await frames.line()
            yield frames

    async def act(self, do: str, user: str, *, text: str = "", post_id: str | None = None) -> str:
        """Let a user do something and give the id of the post that came of it."""
        action = {"do": do, "user": user, "text": text, "post_id": post_id}
        result = (await self.control("actions", {"actions": [action]}))["results"][0]
        if "error" in result:
            error = result["error"]
            raise ValueError(" ".join([error["detail"], *(each["message"] for each in error.get("errors", ()))]))
        return str(result["id"])

    async def fault(self, kind: str, **facts: object) -> None:
        """Set a fault (see README.md for their names)."""
        await self.control("faults", {"kind": kind, **facts})

    async def app_token(self, client_id: str, client_secret: str) -> str:
        """Get the app-only bearer."""
        form = {"grant_type": "client_credentials"}
        answer = await self.call("POST", "/oauth2/token", form=form, basic=(client_id, client_secret))
        return str(answer.body["access_token"])

    async def user_token(self, user: str) -> str:
        """Get a user's token without the sign-in page."""
        return str((await self.control("tokens", {"user": user}))["access_token"])

    async def control(self, name: str, body: object) -> Any:
        """Post to the control API; a refusal raises."""
        answer = await self.call("POST", f"/sandbox/{name}", json=body)
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's own border
            raise ValueError(f"/sandbox/{name} said {answer.status}: {answer.body}")
        return answer.body
