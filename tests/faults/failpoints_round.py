"""One round: strikes are laid out, the stories played into them, and everything that came of it judged."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from tests.faults.failpoints_books import Ending, Told, end_of, judged
from tests.faults.failpoints_ground import Ground
from tests.faults.failpoints_people import patiently
from tests.faults.failpoints_places import Strike
from tests.faults.failpoints_stories import CARDS, COMING_ANEW, STORIES, Stage, come_anew, linked

from hashtill_cli.checking.reading.places import places_of
from hashtill_cli.checking.run import check
from hashtill_cli.checking.settling import settle
from hashtill_cli.checking.sources import open_sources
from hashtill_cli.scenarios.telling import problem_of
from hashtill_cli.scenarios.waiting import NeverHappenedError
from hashtill_cli.scenarios.world.campaign import Offer
from hashtill_cli.scenarios.world.card_network import CardKind
from hashtill_cli.scenarios.world.world import World

SETTLE_SECONDS_MAX = 120.0
SETTLED_SECONDS_MAX = 30.0
"""A struck mail waits for its lease, 60 s; once settled, the check need only see that it is so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What strikes came to; `seconds` from the last of them until all stories had ended and nothing moved any more."""

    strikes: Sequence[Strike]
    seconds: float
    endings: Sequence[Ending]
    problems: Sequence[str]

    @property
    def lapsed(self) -> int:
        """Stories that ended otherwise, for a legitimate reason."""
        return sum(ending.lapsed for ending in self.endings)

    @property
    def repeats(self) -> int:
        """Mails that came twice, with the same Message-ID."""
        return sum(ending.repeats for ending in self.endings)


async def play(ground: Ground, world: World, offer: Offer, strikes: Sequence[Strike]) -> Round:
    """Play all stories into these strikes, wait until nothing moves any more, and judge."""
    cards = [CARDS.get(title, CardKind.GOOD) for title in STORIES]
    members = await asyncio.gather(*(linked(world, card) for card in cards))
    stages = [Stage(world=world, offer=offer, member=member) for member in members]
    await _moving(ground)  # a strike is for the stories, not for the last mail of a member's welcome
    armed_at = time.time()
    ground.arm(strikes)
    try:
        plays = {title: story(stage) for (title, story), stage in zip(STORIES.items(), stages, strict=True)}
        plays[COMING_ANEW] = come_anew(world)
        told = await asyncio.gather(*(_told(title, play) for title, play in plays.items()))
        away = await _away(ground, strikes)
        moving = await _moving(ground)
        settled_at = time.time()
        unfallen = [f"{strike} was never passed" for strike in strikes if not ground.fell(strike)]
        fell_at = max([armed_at, *(ground.fell_at(strike) for strike in strikes if ground.fell(strike))])
    finally:
        ground.clear(strikes)
    endings = await asyncio.gather(*(_judged(title, each) for title, each in zip(plays, told, strict=True)))
    wrong = [f"{each.title}: {each.problem}" for each in endings if each.problem]
    problems = [*wrong, *unfallen, *away, *moving, *await _breaches(ground)]
    return Round(strikes=strikes, seconds=settled_at - fell_at, endings=endings, problems=problems)


async def _told(title: str, play: Awaitable[Told]) -> Told | Ending:
    """Play a story to its end."""
    try:
        told = await play
        await end_of(told)
    except Exception as problem:  # noqa: BLE001 - the edge of a story: its failure is a row of the table
        return Ending(title=title, problem=problem_of(problem))
    return told


async def _judged(title: str, told: Told | Ending) -> Ending:
    return told if isinstance(told, Ending) else await judged(title, told)


async def _away(ground: Ground, strikes: Sequence[Strike]) -> list[str]:
    """Wait for the struck processes; tells of those that did not come back."""
    services = sorted({strike.place.service for strike in strikes})
    try:
        for service in services:
            await patiently(lambda: ground.serves(service), bool, what=f"{service} being back")  # noqa: B023 - awaited here
    except NeverHappenedError as problem:
        return [str(problem)]
    return []


async def _moving(ground: Ground) -> list[str]:
    async with open_sources(places_of(ground.data)) as sources:
        moving = await settle(sources, seconds_max=SETTLE_SECONDS_MAX)
    return [f"still moving: {what} ({number})" for what, number in moving.items()]


async def _breaches(ground: Ground) -> list[str]:
    done = await check(places_of(ground.data), settle_seconds=SETTLED_SECONDS_MAX)
    broken = [breach for verdict in done.verdicts for breach in verdict.breaches]
    return [f"check: {breach.invariant} {breach.what} {', '.join(breach.ids)}" for breach in broken]
