"""The gap closer: once a stream stands again, it asks the archive for what was missed, however long that takes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from gateway.domain.arrivals import PostFound, Stream
from gateway.domain.backoff import Backoff, after, wait_seconds
from gateway.domain.positions import Position
from gateway.inbound.clocks import Clock
from gateway.inbound.lane import Lane
from gateway.inbound.writer import Writer
from gateway.usecases.close_gap import GapPlan, Question, Reach, answers_to, asked_from, open_gaps
from gateway.usecases.network import Archive, NetworkFailedError

Plan = Callable[[list[Position], datetime], Awaitable[GapPlan]]
"""Makes the questions for gaps as of now."""


class GapCloser:
    """Speaks to the streams' own writer, so that what it finds is kept before the gap counts as closed."""

    def __init__(
        self, *, writer: Writer, lane: Lane, archive: Archive, plan: Plan, reach: Reach, clock: Clock, scale: float
    ) -> None:
        self._writer, self._lane, self._archive, self._plan = writer, lane, archive, plan
        self._reach, self._clock, self._scale = reach, clock, scale
        self._closed: dict[Stream, datetime] = {}

    async def run(self) -> None:
        """Close gaps until cancelled."""
        while True:
            if not await self.run_once():
                self._writer.moved.clear()
                await self._writer.moved.wait()

    async def run_once(self) -> bool:
        """Close the gaps that are open now, if any, and say whether there were."""
        gaps = [gap for gap in open_gaps(self._writer.progress) if self._closed.get(gap.stream) != gap.since]
        answerable_at = asked_from(gaps, reach=self._reach)
        if answerable_at is None:
            return False
        await asyncio.sleep(max(0.0, (answerable_at - self._clock()).total_seconds()))
        plan = await self._plan(gaps, self._clock())
        found = await self._ask(plan.questions)
        for close in plan.closes:
            self._closed[close.stream] = close.opened_at
            await self._lane.put(close)
        structlog.get_logger().info(
            "gap_read", streams=[each.stream for each in plan.closes], questions=len(plan.questions), found=found
        )
        return True

    async def _ask(self, questions: Sequence[Question]) -> int:
        """Ask each question until it is answered; gives how many frames were found."""
        found, backoff = 0, Backoff()
        for question in questions:
            while True:
                try:
                    found += await self._ask_once(question)
                    break
                except NetworkFailedError as error:
                    backoff = after(backoff, error.failure)
                    wait = wait_seconds(backoff, error.failure, at=self._clock(), scale=self._scale)
                    structlog.get_logger().warning("gap_waits", why=error.failure.detail, wait_seconds=round(wait, 3))
                    await asyncio.sleep(wait)
        return found

    async def _ask_once(self, question: Question) -> int:
        found = 0
        async for page in answers_to(question, archive=self._archive):
            for frame in page:
                await self._lane.put(PostFound(frame=frame, at=self._clock()))
            found += len(page)
        return found
