"""A campaign: rounds of strikes played on a few suites at once, until all are played or the time is over."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.failpoints_ground import Ground, GroundError, ground
from tests.faults.failpoints_places import Strike
from tests.faults.failpoints_report import line_of
from tests.faults.failpoints_round import Round, play

from hashtill_cli.scenarios.telling import problem_of
from hashtill_cli.scenarios.world.campaign import Offer, open_trial_house
from hashtill_cli.scenarios.world.world import World, open_world

PLENTY = 100_000
"""Units of the one offer that all rounds of a suite buy."""

ROUNDS_MAX = 25
"""On one suite; then a fresh one, for the check after each round reads the books of all rounds before."""

FAILED_STARTS_MAX = 3
"""Suites that start side by side may choose one port twice."""

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
    running = _Campaign(plan, tell)
    async with asyncio.TaskGroup() as suites:
        for _ in range(min(plan.suites, len(plan.rounds))):
            suites.create_task(running.on_suites())
    return running.played


class _Campaign:
    """What its suites share: the rounds that wait, those that were played, and the end."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self.played: list[Round] = []
        self._waiting, self._keep, self._tell = deque(plan.rounds), plan.keep, tell
        self._ends_at = time.monotonic() + plan.seconds

    async def on_suites(self) -> None:
        """Play on one suite after the other."""
        failed_starts = 0
        while not self._is_over:
            try:
                await self._on_one_suite()
            except GroundError as problem:
                failed_starts += 1
                if failed_starts == FAILED_STARTS_MAX:
                    raise
                self._tell(str(problem))

    async def _on_one_suite(self) -> None:
        async with (
            ground(keep=self._keep) as struck,
            open_world(struck.book.processes, keyring=struck.keyring) as world,
        ):
            self._tell(f"a suite is ready on {struck.data}")
            await open_trial_house(world.services)
            offer = await world.offer("Fault Mug", stock=PLENTY)
            for _ in range(ROUNDS_MAX):
                if self._is_over:
                    break
                self.played.append(await _played(struck, world, offer, self._waiting.popleft()))
                self._tell(line_of(self.played[-1]))

    @property
    def _is_over(self) -> bool:
        return not self._waiting or time.monotonic() > self._ends_at


async def _played(struck: Ground, world: World, offer: Offer, strikes: Sequence[Strike]) -> Round:
    try:
        return await play(struck, world, offer, strikes)
    except Exception as problem:  # noqa: BLE001 - the edge of a round: its failure is a row of the table
        return Round(strikes=strikes, seconds=0.0, endings=(), problems=[problem_of(problem)])
