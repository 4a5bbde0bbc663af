"""The outside world as it is: the processor's ledger, the mailbox, and the replies that the network shows."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus

import aiohttp

from hashtill_cli.checking.rows import MovementRow
from hashtill_cli.scenarios.world.seen_post import SeenPost, seen_post

CALL_SECONDS_MAX = 10.0
PAGE = 1_000
PAGES_MAX = 1_000

MAILS_MAX = 2_000
"""The newest mails that are read whole; each is a call."""

SILENCE_SECONDS = 0.5
"""The network's timeline is a stream: after so long without a line it is read."""

POSTS_MAX = 200_000

_FIELDS = ("sequence", "kind", "authorization", "reference", "amount_minor", "currency")


class LedgerTruncatedError(Exception):
    """The processor forgot the beginning of its ledger; nothing can be compared with it."""


async def movements_by_order(url: str, key: str) -> Mapping[str, list[MovementRow]]:
    """Read the processor's whole ledger. Raises LedgerTruncatedError."""
    found: dict[str, list[MovementRow]] = {}
    after = 0
    async with _session({"Authorization": f"Bearer {key}"}) as http:
        for _ in range(PAGES_MAX):
            async with http.get(f"{url}/v1/ledger", params={"after": str(after), "limit": str(PAGE)}) as answer:
                if answer.status == HTTPStatus.GONE:
                    raise LedgerTruncatedError
                answer.raise_for_status()
                page = await answer.json()
            for row in page["movements"]:
                movement = MovementRow(**{name: row[name] for name in _FIELDS})
                found.setdefault(movement.reference, []).append(movement)
            after = page["last"]
            if not page["has_more"]:
                break
    return found


async def mails(url: str) -> AsyncIterator[tuple[str, str]]:
    """Give Message-ID and raw text of the newest mails."""
    async with _session() as http:
        async with http.get(f"{url}/api/mails", params={"limit": str(PAGE)}) as answer:
            summaries: Sequence[Mapping[str, object]] = (await answer.json())["mails"]
        for summary in summaries[:MAILS_MAX]:
            async with http.get(f"{url}/api/mails/{summary['id']}/raw") as raw:
                if raw.status == HTTPStatus.OK:
                    yield str(summary["message_id"]), (await raw.read()).decode("utf-8", "replace")


async def replies_of_the_program(url: str) -> list[tuple[str, str]]:
    """Give what the network shows of our program account's replies: (answered post, reply)."""
    async with _session() as http:
        async with http.get(f"{url}/sandbox/state") as answer:
            program = str((await answer.json())["program"]["id"])
        posts = [post async for post in _timeline(http, url)]
    return [(post.replied_to, post.post_id) for post in posts if post.author_id == program and post.replied_to]


async def _timeline(http: aiohttp.ClientSession, url: str) -> AsyncIterator[SeenPost]:
    async with http.get(f"{url}/sandbox/watch", params={"since_id": "1"}) as stream:
        with suppress(TimeoutError):
            for _ in range(POSTS_MAX):
                line = await asyncio.wait_for(stream.content.readline(), SILENCE_SECONDS)
                if not line:
                    return
                frame = json.loads(line) if line.strip() else {}
                if frame.get("event") == "post":
                    yield seen_post(frame)


def _session(headers: Mapping[str, str] | None = None) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=None, connect=CALL_SECONDS_MAX, sock_read=CALL_SECONDS_MAX)
    return aiohttp.ClientSession(headers=headers, timeout=timeout)
