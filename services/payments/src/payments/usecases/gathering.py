"""Gathering: what concurrent requests want of the same kind is done together, 200 at a time, while others wait.

A batch is what waited while the ones before were worked on: alone, nothing waits; in a rush, one commit serves 200.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

BATCH_MAX = 200
"""The unit of work (decision 0004), and the most a processor takes in one call."""

WAITING_MAX = 10_000
"""Some seconds of a rush; who comes later is told at once that it is too busy."""


class Gatherer(Generic[T, R]):
    """Works on batches of what was submitted, at most `lanes_max` at once; one a process and kind of work."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        lanes_max: int,
        is_outage: Callable[[BaseException], bool],
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._work, self._lanes_max, self._is_outage, self._waiting_max = work, lanes_max, is_outage, waiting_max
        self._waiting: deque[tuple[T, asyncio.Future[R | Exception]]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    def has_room(self, count: int) -> bool:
        """Tell whether so many more may wait."""
        return len(self._waiting) + count <= self._waiting_max

    def submit(self, item: T) -> "asyncio.Future[R | Exception]":
        """Have one worked on with whatever else waits: its result, or what failed for it; it cannot be taken back."""
        answer: asyncio.Future[R | Exception] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._lanes) < self._lanes_max:
            lane = asyncio.create_task(self._run_lane(), context=Context())  # nobody's trace, deadline or request id
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return answer

    async def drain(self) -> None:
        """Wait until what was submitted is done; for the stop, after the server."""
        while self._lanes:
            await asyncio.wait(self._lanes)

    async def _run_lane(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            await self._answer(batch)

    async def _answer(self, batch: Sequence[tuple[T, "asyncio.Future[R | Exception]"]]) -> None:
        results = await self._results([item for item, _ in batch])
        for (_, answer), result in zip(batch, results, strict=True):
            if not answer.done():
                answer.set_result(result)

    async def _results(self, items: Sequence[T]) -> Sequence[R | Exception]:
        """Work on a batch; if it fails, on each alone, so that only the guilty one fails; an outage fails all."""
        try:
            return await self._work(items)
        except Exception as error:  # noqa: BLE001 - whatever failed is told to those it belongs to
            if len(items) == 1 or self._is_outage(error):
                return [error for _ in items]
        return [result for item in items for result in await self._results([item])]
