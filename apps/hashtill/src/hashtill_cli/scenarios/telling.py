"""Telling: stories side by side, those that break something one after the other, and all of them looked at again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from grpc import aio

from hashtill_cli.scenarios.catalogue import Scenario
from hashtill_cli.scenarios.outcome import Expectation, Outcome, look
from hashtill_cli.scenarios.world.world import World

STORY_SECONDS_MAX = 90.0
"""The longest waits for a window to close, 25 s; a busy machine may take thrice as long."""

AGAIN_SECONDS_MAX = 2.0
"""The second look finds what came once too often; nothing is waited for any more."""

Ended = Callable[[Outcome], None]


async def tell_all(scenarios: Sequence[Scenario], world: World, *, ended: Ended) -> list[Outcome]:
    """Tell all, in two rounds, then look at everything once more; outcomes in the catalogue's order."""
    beside = [scenario for scenario in scenarios if not scenario.alone]
    alone = [scenario for scenario in scenarios if scenario.alone]
    turn = asyncio.Lock()
    told = await asyncio.gather(*(_tell(each, world, ended=ended) for each in beside))
    told += await asyncio.gather(*(_tell(each, world, ended=ended, turn=turn) for each in alone))
    again = await asyncio.gather(*(_look_again(outcome) for outcome in told))
    titles = [scenario.title for scenario in scenarios]
    return sorted(again, key=lambda outcome: titles.index(outcome.title))


def problem_of(problem: Exception) -> str:
    """Write what went wrong as one sentence: a refused call by its own words, anything nameless by its type."""
    words = problem.details() if isinstance(problem, aio.AioRpcError) else str(problem)
    return words or repr(problem)


async def _tell(scenario: Scenario, world: World, *, ended: Ended, turn: asyncio.Lock | None = None) -> Outcome:
    """Tell one; whatever goes wrong is its outcome, never the others'."""
    story = replace(world, told=[])
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(STORY_SECONDS_MAX):
            expectations = await _in_turn(turn, lambda: scenario.tell(story))
            findings = await look(expectations)
        outcome = Outcome(
            title=scenario.title, seconds=0.0, posts=story.told, findings=findings, expectations=expectations
        )
    except Exception as problem:  # noqa: BLE001 - the edge of a story: its failure is a row of the table
        outcome = Outcome(title=scenario.title, seconds=0.0, posts=story.told, problem=problem_of(problem))
    outcome = replace(outcome, seconds=asyncio.get_running_loop().time() - began)
    ended(outcome)
    return outcome


async def _in_turn(
    turn: asyncio.Lock | None, tell: Callable[[], Awaitable[Sequence[Expectation]]]
) -> Sequence[Expectation]:
    if turn is None:
        return await tell()
    async with turn:
        return await tell()


async def _look_again(outcome: Outcome) -> Outcome:
    findings = await look(outcome.expectations, seconds=AGAIN_SECONDS_MAX)
    return replace(outcome, findings=findings)
