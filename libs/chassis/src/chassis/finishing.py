"""Finishing: wait for what ends, cancel what hangs, and say in one line each what hung or failed."""

import asyncio
from collections.abc import Awaitable, Mapping

import structlog

CANCEL_SECONDS = 0.1
"""A cancelled task gets this long for its own `finally`; one that swallows the cancellation is left behind."""


async def finish(things: Mapping[str, Awaitable[object]], *, within_seconds: float) -> None:
    """Wait for all of them at once within a bound; never raises."""
    tasks = {asyncio.ensure_future(thing): name for name, thing in things.items()}
    if not tasks:
        return
    _, hung = await asyncio.wait(tasks, timeout=within_seconds)
    for task in hung:
        task.cancel()
        structlog.get_logger().warning("hung_at_stop", what=tasks[task], waited_seconds=round(within_seconds, 2))
    if hung:
        await asyncio.wait(hung, timeout=CANCEL_SECONDS)
    for task, name in tasks.items():
        if task.done() and not task.cancelled() and (failure := task.exception()) is not None:
            structlog.get_logger().warning("failed_at_stop", what=name, cause=repr(failure))
