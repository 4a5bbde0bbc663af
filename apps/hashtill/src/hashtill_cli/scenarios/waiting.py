"""Waiting: asking again until an answer is as hoped, for so long and no longer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

ASK_EVERY_SECONDS = 0.1
"""Forty stories side by side ask so often; a person notices no more."""

STEP_SECONDS_MAX = 20.0
"""One step of a purchase takes well under a second; a busy machine may take many times that."""


class NeverHappenedError(Exception):
    """What was waited for did not come; the sentence says what, and what was there instead."""


async def eventually(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, seconds: float) -> T:
    """Ask until the answer holds or the time is over; gives the last answer."""
    ends_at = asyncio.get_running_loop().time() + seconds
    while not holds(answer := await read()) and asyncio.get_running_loop().time() < ends_at:  # noqa: ASYNC110 - others' state sets no Event of ours
        await asyncio.sleep(ASK_EVERY_SECONDS)
    return answer


async def must(
    read: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, what: str, seconds: float = STEP_SECONDS_MAX
) -> T:
    """As `eventually`, but raises NeverHappenedError when the time is over."""
    answer = await eventually(read, holds, seconds=seconds)
    if not holds(answer):
        raise NeverHappenedError(f"{what} did not happen within {seconds:g} s; there was: {answer!r}")
    return answer
