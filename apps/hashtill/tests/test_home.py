import asyncio
import io
import re
from typing import cast

import aiohttp
import pytest
from rich.console import Console

from hashtill_cli.demo.narrator import Narrator
from hashtill_cli.demo.pace import demo_variables, pace_lines
from hashtill_cli.home.home import Home, serve_home
from hashtill_cli.scenarios.waiting import must

HOME = Home(
    timeline="http://127.0.0.1:1/",
    favorites="http://127.0.0.1:2/favorites",
    link="http://127.0.0.1:2/link",
    mailbox="http://127.0.0.1:3/",
    order="http://127.0.0.1:2/order/<script>",
    ledger="http://127.0.0.1:4/",
    parcels="http://127.0.0.1:5/",
)


async def test_the_home_page_leads_everywhere_until_it_is_ended() -> None:
    console = Console(file=io.StringIO())
    serving = asyncio.create_task(serve_home(HOME, port=0, console=console))
    said = cast("io.StringIO", console.file)

    async def said_so_far() -> str:
        return said.getvalue()

    await must(said_so_far, lambda words: "Now you" in words, what="the home page's address", seconds=5.0)
    url = re.search(r"http://\S+", said.getvalue())
    assert url is not None

    async with aiohttp.ClientSession() as session, session.get(url[0]) as response:
        page = await response.text()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert all(address in page for address in (HOME.timeline, HOME.favorites, HOME.mailbox, HOME.ledger, HOME.parcels))
    assert "<script>" not in page
    assert "#BuyKindleFireHD" in page


async def test_without_a_terminal_the_narrator_writes_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=120)
    narrator = Narrator(console)

    narrator.chapter("A tale", "of two")
    narrator.posted("mia", "Yes! [not markup]\nsecond line", service="notifier")
    narrator.did("orders", "Confirmed by post.")
    narrator.mailed("a@b.example", "Your receipt")
    await narrator.count_down("time to confirm:", ends_at=0.0, seconds=0.0)

    said = cast("io.StringIO", console.file).getvalue()
    assert "\x1b" not in said
    for words in (
        "@mia (by notifier)",
        "Yes! [not markup]",
        "orders  Confirmed",
        "✉  Your receipt",
        "time to confirm:",
    ):
        assert words in said


def test_the_pace_is_told_and_given_to_services_and_sandbox() -> None:
    variables = demo_variables()

    lines = pace_lines(columns=40).splitlines()
    assert any("time to confirm 15 min → 20 s" in line for line in lines)
    assert max(map(len, lines)) <= 40
    assert variables["HASHTILL_CONFIRM_WINDOW_SECONDS"] == variables["SANDBOX_X_CONFIRM_WINDOW_SECONDS"] == "20"
