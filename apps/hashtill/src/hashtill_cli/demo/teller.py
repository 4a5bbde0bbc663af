"""The teller: the demo's script against a running suite, from the programme to the table and the home page."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from rich.console import Console

from hashtill_cli.demo.conversation import Told, tell_purchase
from hashtill_cli.demo.narrator import Narrator
from hashtill_cli.demo.pace import pace_lines
from hashtill_cli.demo.table import explain_failed, outcomes_table
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.home.home import Home, serve_home
from hashtill_cli.scenarios.catalogue import SCENARIOS
from hashtill_cli.scenarios.outcome import Outcome, look
from hashtill_cli.scenarios.telling import problem_of, tell_all
from hashtill_cli.scenarios.world.campaign import MERCHANT_ID, end_offers, load_programme, open_trial_house
from hashtill_cli.scenarios.world.world import World, open_world
from kernel.snowflakes import first_snowflake_at

FAILED = 1
INTERRUPTED = 130

TITLE = "the purchase told above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is told, to whom, and whether it ends with the table (`once`) or stays with a home page on a port."""

    processes: Mapping[str, Mapping[str, str]]
    keyring: Keyring
    console: Console
    once: bool
    port: int


def tell(script: Script) -> int:
    """Tell it; 0 when every story ended as it should. SIGTERM ends it wherever it is."""
    try:
        return asyncio.run(_tell(script))
    except asyncio.CancelledError:
        return INTERRUPTED


async def _tell(script: Script) -> int:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    narrator = Narrator(script.console)
    async with open_world(script.processes, keyring=script.keyring) as world:
        narrator.chapter("Hashtill: a tweet buys a Kindle", pace_lines(columns=script.console.width))
        outcomes, told = await _stories(world, narrator)
        await explain_failed(outcomes, world.services, script.console)
        code = 0 if all(outcome.holds for outcome in outcomes) else FAILED
        if told is not None and not script.once:
            with suppress(asyncio.CancelledError):  # told to end, which is how the page ends
                await serve_home(_home(script, told), port=script.port, console=script.console)
        return code


async def _stories(world: World, narrator: Narrator) -> tuple[Sequence[Outcome], Told | None]:
    """Tell the purchase, then all others; where the purchase itself fails, nothing else is told."""
    began = monotonic()
    try:
        since_id = str(first_snowflake_at(datetime.now(UTC)))
        await load_programme(world.services, run=world.run)
        told = await tell_purchase(world, narrator, since_id=since_id)
        findings = await look(told.expectations)
    except Exception as problem:  # noqa: BLE001 - the edge of a story: its failure is told as one
        failed = Outcome(title=TITLE, seconds=monotonic() - began, posts=world.told, problem=problem_of(problem))
        return [failed], None
    first = Outcome(title=TITLE, seconds=monotonic() - began, posts=[told.purchase.post_id], findings=findings)
    outcomes = [first, *await _tell_others(world, narrator)]
    narrator.console.print()
    narrator.console.print(outcomes_table(outcomes))
    good = sum(outcome.holds for outcome in outcomes)
    narrator.console.print(
        f"{good} of {len(outcomes)} ended as they should, in {monotonic() - began:.0f} s.", highlight=False
    )
    return outcomes, told


async def _tell_others(world: World, narrator: Narrator) -> Sequence[Outcome]:
    """Tell every other story, side by side; their offers end with them, so that Favorites holds the programme."""
    narrator.chapter("Every other way it can go", "Side by side, each with members and an offer of its own.")
    narrator.begin()
    await open_trial_house(world.services)
    outcomes = await tell_all(SCENARIOS, world, ended=lambda outcome: _say(narrator, outcome))
    await end_offers(world.services, merchant_id=MERCHANT_ID)
    return outcomes


def _say(narrator: Narrator, outcome: Outcome) -> None:
    narrator.did("✓" if outcome.holds else "✗", outcome.title)


def _home(script: Script, told: Told) -> Home:
    at = script.processes
    return Home(
        timeline=f"http://{at['sandbox-x']['http']}/",
        favorites=f"http://{at['gateway']['pages']}/favorites",
        link=f"http://{at['gateway']['pages']}/link",
        mailbox=f"http://{at['sandbox-mail']['http']}/",
        order=told.order_url,
        ledger=f"http://{at['sandbox-cardnet']['http']}/",
        parcels=f"http://{at['sandbox-merchant']['http']}/",
    )
