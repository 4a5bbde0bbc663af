"""Waiting until the gateway hears of everybody: X is asked how many Activity subscriptions the app has."""

import asyncio
import time

import aiohttp

EVENTS_A_MEMBER = 3
"""Posts, deletions and revocations."""

WAIT_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.25


class NotSubscribedError(Exception):
    """The gateway does not follow everybody; the sentence says how many are missing."""


async def until_subscribed(members: int, *, http: aiohttp.ClientSession, x_url: str, app: tuple[str, str]) -> None:
    """Wait until X has all subscriptions. Raises NotSubscribedError."""
    wanted, give_up_at = members * EVENTS_A_MEMBER, time.monotonic() + WAIT_SECONDS_MAX
    bearer = await _bearer(http, x_url, app)
    while (have := await _count(http, x_url, bearer)) < wanted:
        if time.monotonic() > give_up_at:
            raise NotSubscribedError(f"X has {have} of {wanted} subscriptions. See the gateway's log.")
        await asyncio.sleep(LOOK_SECONDS)


async def _bearer(http: aiohttp.ClientSession, x_url: str, app: tuple[str, str]) -> str:
    form = {"grant_type": "client_credentials"}
    headers = {"Authorization": aiohttp.encode_basic_auth(*app)}
    async with http.post(f"{x_url}/oauth2/token", data=form, headers=headers) as answer:
        return str((await answer.json())["access_token"])


async def _count(http: aiohttp.ClientSession, x_url: str, bearer: str) -> int:
    headers = {"Authorization": f"Bearer {bearer}"}
    address = f"{x_url}/2/activity/subscriptions"
    async with http.get(address, params={"max_results": "1"}, headers=headers) as answer:
        return int((await answer.json())["meta"]["total_subscriptions"])
