"""Workers: `run_once()` plus a loop, so that a test drives one tick; a crash is one log line and a restart."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from kernel.chance import CHANCE

POLL_SECONDS = 0.25
"""The net under every wake-up: a lost one costs at most this."""

RESTART_FIRST_SECONDS = 0.1
RESTART_MOST_SECONDS = 5.0
"""A crashed loop comes back between these, doubling, with full jitter, so that replicas do not retry together."""

CRASHES_MAX = 12
"""Crashes in a row before the process gives up (20 s on average): its platform starts it afresh and shows it."""

HEALTHY_SECONDS = 60.0
"""A loop that ran this long has recovered; its crashes count from zero again."""

Loop = Callable[[asyncio.Event], Awaitable[None]]
"""A worker's loop: runs until the event it is given is set, then returns after its current tick."""


class Worker:
    """Repeats `run_once` (True = did work, so ask again at once), else sleeps until `wake()` or the poll interval."""

    def __init__(self, run_once: Callable[[], Awaitable[bool]], *, poll_seconds: float = POLL_SECONDS) -> None:
        self.run_once = run_once
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Have the loop look again now; call it after the commit that made work."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop` is set; the tick under way is finished."""
        while not stop.is_set():
            self._woken.clear()
            if not await self.run_once():
                await either(self._woken, stop, timeout_seconds=self._poll_seconds)


async def either(*events: asyncio.Event, timeout_seconds: float) -> None:
    """Wait until one of the events is set or the time is over."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def supervise(name: str, loop: Loop, *, stop: asyncio.Event, crashes_max: int = CRASHES_MAX) -> None:
    """Run a loop; log each crash once and start it again after a pause; raises the last of too many in a row."""
    crashes = 0
    while not stop.is_set():
        started = time.monotonic()
        try:
            return await loop(stop)
        except Exception:
            crashes = 1 if time.monotonic() - started > HEALTHY_SECONDS else crashes + 1
            structlog.get_logger().exception("worker_crashed", worker=name, crashes_in_a_row=crashes)
            if crashes >= crashes_max:
                raise
        await either(stop, timeout_seconds=restart_pause_seconds(crashes))
    return None


def restart_pause_seconds(crashes: int) -> float:
    """Draw the pause before the next start: full jitter under a bound that doubles with each crash."""
    bound = min(RESTART_MOST_SECONDS, RESTART_FIRST_SECONDS * 2**crashes)
    return CHANCE.uniform(RESTART_FIRST_SECONDS, bound)
