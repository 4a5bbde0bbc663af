"""A campaign: rounds of strikes played on a few suites at once, until all are played or the time is over."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.failpoints_ground import ground
from tests.faults.failpoints_places import Strike
from tests.faults.failpoints_report import line_of
from tests.faults.failpoints_round import Round, play

from hashtill_cli.scenarios.world.campaign import open_trial_house
from hashtill_cli.scenarios.world.world import open_world

PLENTY = 100_000
"""Units of the one offer that all rounds of a suite buy."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to play, on how many suites, for how long."""

    rounds: Sequence[Sequence[Strike]]
    suites: int
    seconds: float
    keep: bool = False


async def campaign(plan: Plan, *, tell: Tell) -> list[Round]:
    """Play it; gives the rounds that were played, as they ended."""
    waiting, played = deque(plan.rounds), list[Round]()
    ends_at = time.monotonic() + plan.seconds

    async def on_one_suite() -> None:
        async with ground(keep=plan.keep) as struck, open_world(struck.book.processes, keyring=struck.keyring) as world:
            tell(f"a suite is ready on {struck.data}")
            await open_trial_house(world.services)
            offer = await world.offer("Fault Mug", stock=PLENTY)
            while waiting and time.monotonic() < ends_at:
                played.append(await play(struck, world, offer, waiting.popleft()))
                tell(line_of(played[-1]))

    async with asyncio.TaskGroup() as suites:
        for _ in range(min(plan.suites, len(plan.rounds))):
            suites.create_task(on_one_suite())
    return played
