"""People who do not give up: they press again, ask again and begin again while a service is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from grpc import aio

from hashtill_cli.scenarios.waiting import NeverHappenedError
from hashtill_cli.scenarios.world.browser import Browser, PageError
from hashtill_cli.scenarios.world.campaign import CampaignError
from hashtill_cli.scenarios.world.mailbox import OpenedMail
from hashtill_cli.scenarios.world.merchant import MerchantRefusedError
from hashtill_cli.scenarios.world.purchase import Purchase
from hashtill_cli.scenarios.world.seen_post import SeenPost

T = TypeVar("T")

PATIENCE_SECONDS = 150.0
"""A reply that X did not get from a notifier that died waits for 43 s, and a pair may strike twice; a busy machine
takes a while to start a service again."""

AGAIN_SECONDS = 0.2

AWAY = (aio.AioRpcError, aiohttp.ClientError, TimeoutError, PageError, CampaignError, MerchantRefusedError)
"""How a struck service looks from outside."""

SERVER_ERROR = 500


async def patiently(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, what: str) -> T:
    """Ask until the answer holds, whoever is away meanwhile. Raises NeverHappenedError."""
    seen: object = "nothing"
    ends_at = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < ends_at:
        try:
            answer = await read()
        except AWAY as problem:
            seen = problem
        else:
            if holds(answer):
                return answer
            seen = answer
        await asyncio.sleep(AGAIN_SECONDS)
    raise NeverHappenedError(f"{what} did not happen within {PATIENCE_SECONDS:g} s; there was: {seen!r}")


async def ended(purchase: Purchase, *states: str) -> str:
    """Wait until its order is in one of these states."""
    return await patiently(purchase.state, lambda state: state in states, what=f"order {purchase.order_id} {states}")


async def prompt_of(purchase: Purchase) -> SeenPost:
    """Wait for the program's reply."""
    return await purchase.x.answer_to(purchase.post_id, seconds=PATIENCE_SECONDS)


async def confirm(purchase: Purchase) -> str:
    """Reply with the tag as soon as the prompt is there; gives the reply's id."""
    prompt = await prompt_of(purchase)
    return await purchase.member.reply(prompt.post_id, f"Yes #{prompt.confirmation_tag}")


async def mail_of(purchase: Purchase, subject: str) -> OpenedMail:
    """Wait for a mail and read it."""
    mailbox, address = purchase.mailbox, purchase.member.email
    mails = await patiently(lambda: mailbox.mails(address, subject=subject), bool, what=f"{subject!r} to {address}")
    return await mailbox.open(mails[0])


async def press(browser: Browser, url: str, button: str) -> str:
    """Open a page and press a button of it; gives the words of the page that follows. Raises PageError."""
    page = await browser.open(url)
    after = await browser.send(page, page.form(button=button))
    if after.status >= SERVER_ERROR:
        raise PageError(f"{after.url} said {after.status}: {after.text}")
    return after.text
