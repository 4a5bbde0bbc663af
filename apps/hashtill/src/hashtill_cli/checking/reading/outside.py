"""The outside world, from where it was last read: the processor's ledger, the mailbox, what the network shows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from hashtill_cli.checking.rows import MovementRow
from hashtill_cli.scenarios.world.seen_post import SeenPost, seen_post

CALL_SECONDS_MAX = 10.0
PAGE = 1_000
PAGES_MAX = 1_000

MAILS_MAX = 2_000
"""The newest mails that are read whole; each is a call."""

FIRST_POST = 1
"""Every post's id is above it."""

_FIELDS = ("sequence", "kind", "authorization", "reference", "amount_minor", "currency")


class LedgerTruncatedError(Exception):
    """The processor forgot the beginning of its ledger; nothing can be compared with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """A mail with its number, which rises, and all its text."""

    number: int
    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Outside:
    """Open to be read; each method starts after a place and goes to the end."""

    http: aiohttp.ClientSession

    async def movements(self, url: str, *, key: str, after: int = 0) -> AsyncIterator[Sequence[MovementRow]]:
        """Give pages of the processor's ledger. Raises LedgerTruncatedError."""
        for _ in range(PAGES_MAX):
            page = await self._page(url, key, after)
            yield [MovementRow(**{name: row[name] for name in _FIELDS}) for row in page["movements"]]
            after = page["last"]
            if not page["has_more"]:
                return

    async def mails(self, url: str, *, after: int = 0) -> AsyncIterator[ReadMail]:
        """Give the newest mails, newest first."""
        found = await self._json(f"{url}/api/mails", since=after, limit=PAGE)
        for each in found["mails"][:MAILS_MAX]:
            async with self.http.get(f"{url}/api/mails/{each['id']}/raw") as raw:
                if raw.status == HTTPStatus.OK:
                    text = (await raw.read()).decode("utf-8", "replace")
                    yield ReadMail(number=each["id"], message_id=str(each["message_id"]), text=text)

    async def program(self, url: str) -> str:
        """Give the program account's id on the network."""
        return str((await self._json(f"{url}/sandbox/state"))["program"]["id"])

    async def posts(self, url: str, *, after: int = FIRST_POST) -> AsyncIterator[Sequence[SeenPost]]:
        """Give pages of what the network shows, oldest first."""
        for _ in range(PAGES_MAX):
            page = await self._json(f"{url}/sandbox/posts", since_id=after)
            if not page["posts"]:
                return
            yield [seen_post(frame) for frame in page["posts"]]
            after = int(page["posts"][-1]["id"])

    async def _page(self, url: str, key: str, after: int) -> Mapping[str, Any]:
        asked = {"after": str(after), "limit": str(PAGE)}
        headers = {"Authorization": f"Bearer {key}"}
        async with self.http.get(f"{url}/v1/ledger", params=asked, headers=headers) as answer:
            if answer.status == HTTPStatus.GONE:
                raise LedgerTruncatedError
            answer.raise_for_status()
            found: Mapping[str, Any] = await answer.json()
            return found

    async def _json(self, url: str, **asked: int) -> Mapping[str, Any]:
        async with self.http.get(url, params={name: str(value) for name, value in asked.items()}) as answer:
            answer.raise_for_status()
            found: Mapping[str, Any] = await answer.json()
            return found


@asynccontextmanager
async def open_outside() -> AsyncIterator[Outside]:
    """Open connections to the outside world, as many as are asked for."""
    timeout = aiohttp.ClientTimeout(total=None, connect=CALL_SECONDS_MAX, sock_read=CALL_SECONDS_MAX)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield Outside(http)
