"""Patience: a step is tried again for as long as what it needs is away, and given up only when the process stops."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from chassis.outages import is_outage

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
"""Pauses double between these: soon enough after a restart, gentle on what is starting."""

T = TypeVar("T")


class StoppedError(Exception):
    """The process stops while the step was still waiting; nothing was done."""


async def through_outages(
    step: Callable[[], Awaitable[T]],
    *,
    what: str,
    stop: asyncio.Event,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> T:
    """Run a step until no outage hinders it; other errors pass. `meanwhile` runs before every pause.

    Raises StoppedError when the stop begins before the step could end.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await step()
        except Exception as error:
            if not is_outage(error):
                raise
            structlog.get_logger().warning("waiting_out_an_outage", what=what, cause=_first_line(error))
        if meanwhile is not None:
            await meanwhile()
        if await stopped_within(stop, pause):
            raise StoppedError(what)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until the stop begins; tells which."""
    try:
        await asyncio.wait_for(stop.wait(), timeout=seconds)
    except TimeoutError:
        return False
    return True


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".split("\n", 1)[0]
