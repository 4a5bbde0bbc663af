"""Gathering: holds that concurrent requests want of one tag are decided together, 200 at a time, while others wait.

A batch is what waited while the one before was decided: alone, a hold never waits; in a rush, one commit serves 200.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kernel.tags import Tag
from offers.domain.hold import HoldAsked
from offers.domain.hold_refusals import too_busy
from offers.domain.holding import Decision

BATCH_MAX = 200
"""The unit of work (decision 0004); at 2 ms a commit this is 20,000 holds a second on one offer."""

WAITING_MAX = 10_000
"""Half a second of a rush on one offer; who comes later is told at once that it is too busy."""

LANES_AT_WORK_MAX = 4
"""Transactions at once, half of the pool: commits and releases must get through."""

ANSWER_SECONDS = 1.8
"""A batch call answers within 2 s; what is not decided by then is told to ask again (same order id, same hold)."""

HoldBatch = Callable[[Sequence[HoldAsked]], Awaitable[list[Decision]]]
Outcome = Decision | Exception
"""A decision, or what failed for this one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    asked: HoldAsked
    answer: "asyncio.Future[Outcome]"


class HoldGatherer:
    """One a process; `hold` gives one outcome for each asked, in order."""

    def __init__(
        self,
        hold_batch: HoldBatch,
        *,
        is_outage: Callable[[BaseException], bool],
        waiting_max: int = WAITING_MAX,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._hold_batch, self._is_outage = hold_batch, is_outage
        self._waiting_max, self._answer_seconds = waiting_max, answer_seconds
        self._lanes: dict[Tag, deque[_Waiting]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._at_work = asyncio.Semaphore(LANES_AT_WORK_MAX)

    async def hold(self, asked: Sequence[HoldAsked]) -> list[Outcome]:
        """Have each decided with whatever else waits for its tag; TOO_BUSY when the queue or the time is full."""
        answers = [self._enqueue(each) for each in asked]
        if answers:
            await asyncio.wait(answers, timeout=self._answer_seconds)
        for answer in answers:
            answer.cancel()
        return [too_busy() if answer.cancelled() else answer.result() for answer in answers]

    async def drain(self) -> None:
        """Wait until what was asked is decided; for the stop, after the server."""
        while self._workers:
            await asyncio.wait(self._workers)

    def _enqueue(self, asked: HoldAsked) -> "asyncio.Future[Outcome]":
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(asked.tag)
        if lane is not None and len(lane) >= self._waiting_max:
            answer.set_result(too_busy())
            return answer
        if lane is None:
            lane = self._lanes[asked.tag] = deque()
            worker = asyncio.create_task(self._work(asked.tag, lane))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        lane.append(_Waiting(asked=asked, answer=answer))
        return answer

    async def _work(self, tag: Tag, lane: deque[_Waiting]) -> None:
        """Decide what waits in a lane until it is empty, then close it."""
        while batch := _next_batch(lane):
            async with self._at_work:
                outcomes = await self._decide([waiting.asked for waiting in batch])
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(outcome)
        del self._lanes[tag]

    async def _decide(self, batch: Sequence[HoldAsked]) -> Sequence[Outcome]:
        """Decide a batch; if it fails, decide each alone, so that only the guilty one fails."""
        try:
            return await self._hold_batch(batch)
        except Exception as error:  # noqa: BLE001 - whatever failed is told to those it belongs to
            if self._is_outage(error):  # nobody is guilty: all may ask again
                return [too_busy() for _ in batch]
            if len(batch) == 1:
                return [error]
        return [outcome for each in batch for outcome in await self._decide([each])]


def _next_batch(lane: deque[_Waiting]) -> list[_Waiting]:
    batch: list[_Waiting] = []
    while lane and len(batch) < BATCH_MAX:
        waiting = lane.popleft()
        if not waiting.answer.done():
            batch.append(waiting)
    return batch
