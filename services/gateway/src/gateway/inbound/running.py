"""Running together: tasks that end as one, with the writer last, so that what was heard is still written."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from gateway.inbound.lane import Lane
from gateway.inbound.writer import Writer

DRAIN_SECONDS = 0.8
"""At a stop what was heard is still written this long (a worker has 1.2 s); the next session's gap finds the rest."""

_LOOK_SECONDS = 0.01


async def run_together(parts: Sequence[Coroutine[Any, Any, None]], writer: Writer, *, lane: Lane) -> None:
    """Run until cancelled, or until one part ends; raises what that part raised."""
    writing = asyncio.create_task(writer.run(), name="writer")
    others = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait([writing, *others], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await _cancel(others)
        await _drain(writer, writing, lane=lane)
        await _cancel([writing])


async def _drain(writer: Writer, writing: asyncio.Task[None], *, lane: Lane) -> None:
    """Let the writer finish what waits, bounded; a writer that failed has nothing to finish."""
    ends_at = asyncio.get_running_loop().time() + DRAIN_SECONDS
    while not writing.done() and not (lane.is_empty() and writer.idle):
        if asyncio.get_running_loop().time() >= ends_at:
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
