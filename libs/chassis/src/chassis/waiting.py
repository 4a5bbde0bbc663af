"""Waiting: ask for a thing until it is there, and say every few seconds what is missing and how to mend it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

ASK_EVERY_SECONDS = 0.1
SAY_EVERY_SECONDS = 3.0
ANSWER_SECONDS = 5.0
"""One question's own limit: a connection that hangs is no answer."""

Probe = Callable[[], Awaitable[bool]]
"""Asks once whether a thing is there; False or any exception means not yet."""


async def comes(
    name: str, probe: Probe, *, remedy: str, abandoned: asyncio.Event, within_seconds: float = float("inf")
) -> bool:
    """Ask until the probe says yes (True), the time is over or the wait is abandoned (False)."""
    started = said_at = time.monotonic()
    while not await _answers(name, probe):
        now = time.monotonic()
        if abandoned.is_set() or now - started >= within_seconds:
            return False
        if now - said_at >= SAY_EVERY_SECONDS:
            structlog.get_logger().warning("waiting_for", what=name, seconds=round(now - started), remedy=remedy)
            said_at = now
        await asyncio.sleep(ASK_EVERY_SECONDS)
    return True


async def _answers(name: str, probe: Probe) -> bool:
    try:
        return await asyncio.wait_for(probe(), ANSWER_SECONDS)
    except Exception as error:  # noqa: BLE001 - a probe fails in whatever way its library has; all mean not yet
        structlog.get_logger().debug("not_there_yet", what=name, cause=repr(error))
        return False
