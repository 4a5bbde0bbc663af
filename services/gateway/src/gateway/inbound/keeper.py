"""A keeper: something at the network is brought in step, when woken and every so often, with X's own patience."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chassis.workers import either
from gateway.domain.backoff import Backoff, after, wait_seconds
from gateway.inbound.clocks import Clock
from gateway.usecases.network import NetworkFailedError

SETTLE_SECONDS = 0.1
"""Changes come in groups (a campaign, many links); X counts the calls, so a group is one."""


class Keeper:
    """Repeats one sync."""

    def __init__(
        self, name: str, sync: Callable[[], Awaitable[None]], *, every_seconds: float, scale: float, clock: Clock
    ) -> None:
        self._name, self._sync, self._every_seconds, self._scale, self._clock = name, sync, every_seconds, scale, clock
        self._woken = asyncio.Event()
        self._backoff = Backoff()

    def wake(self) -> None:
        """Sync again soon."""
        self._woken.set()

    async def run(self) -> None:
        """Sync until cancelled."""
        while True:
            await self.wait(await self.run_once())

    async def run_once(self) -> float:
        """Sync once, or wait out a refusal of the network; gives how many seconds may pass until the next."""
        self._woken.clear()
        try:
            await self._sync()
        except NetworkFailedError as error:
            self._backoff = after(self._backoff, error.failure)
            wait = wait_seconds(self._backoff, error.failure, at=self._clock(), scale=self._scale)
            structlog.get_logger().warning("not_in_step", what=self._name, why=error.failure.detail, wait_seconds=wait)
            await asyncio.sleep(wait)
            self._woken.set()
            return 0.0
        self._backoff = Backoff()
        return self._every_seconds

    async def wait(self, seconds: float) -> None:
        """Sleep until woken or the time is over, then let changes gather."""
        await either(self._woken, timeout_seconds=seconds)
        await asyncio.sleep(SETTLE_SECONDS)
