"""A stream's reader: connect, hand over what is heard, wait as X asks, connect again; for ever, until cancelled."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.domain.arrivals import Arrival, FrameRead, HeartbeatRead, LineSkipped, Stream, StreamLost, StreamOpened
from gateway.domain.backoff import Backoff, Failure, FailureKind, after, wait_seconds
from gateway.domain.post import SkipReason
from gateway.inbound.clocks import Clock
from gateway.inbound.lane import Lane
from gateway.usecases.network import Frame, Line, NetworkFailedError, NetworkStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient a reader is: `scale` multiplies X's back-off table, a connection older than `healthy` resets it."""

    scale: float
    healthy: timedelta


class StreamReader:
    """Reads one stream into the lane.

    `backfill` says how many minutes to have replayed on connecting; `lost` is called when X may have lost what we asked
    of it: after a connection's end, after a refusal, and when X answers again; not for each time that nobody answers.
    """

    def __init__(
        self,
        source: NetworkStream,
        *,
        lane: Lane,
        clock: Clock,
        pace: Pace,
        backfill: Callable[[Stream], int],
        lost: Callable[[], None],
    ) -> None:
        self._source, self._lane, self._clock, self._pace = source, lane, clock, pace
        self._backfill, self._lost = backfill, lost
        self._backoff = Backoff()
        self._answered = True

    async def run(self) -> None:
        """Read until cancelled."""
        while True:  # noqa: ASYNC110 - the wait is X's back-off, not a poll
            await asyncio.sleep(await self.run_once())

    async def run_once(self) -> float:
        """Hold one connection to its end; gives how many seconds to wait before the next."""
        started = self._clock()
        failure = await self._connect_and_read()
        if failure.connections_full:
            await self._free_connections()
        self._answered |= failure.kind is FailureKind.HTTP
        if self._answered:
            self._lost()
        at = self._clock()
        if at - started >= self._pace.healthy:
            self._backoff = Backoff()
        self._backoff = after(self._backoff, failure)
        wait = wait_seconds(self._backoff, failure, at=at, scale=self._pace.scale)
        await self._lane.put(StreamLost(stream=self._source.stream, at=at, why=failure.detail))
        structlog.get_logger().warning(
            "stream_lost",
            stream=self._source.stream,
            why=failure.detail,
            kind=failure.kind,
            wait_seconds=round(wait, 3),
        )
        return wait

    async def _connect_and_read(self) -> Failure:
        stream, answered_before, self._answered = self._source.stream, self._answered, False
        try:
            async with self._source.connect(backfill_minutes=self._backfill(stream)) as batches:
                self._answered = True
                if not answered_before:
                    self._lost()
                await self._lane.put(StreamOpened(stream=stream, at=self._clock()))
                structlog.get_logger().info("stream_opened", stream=stream)
                while True:
                    lines = await anext(batches)
                    await self._lane.put_all(arrivals_of(lines, stream=stream, at=self._clock()))
        except NetworkFailedError as error:
            return error.failure

    async def _free_connections(self) -> None:
        try:
            await self._source.free_connections()
        except NetworkFailedError as error:
            structlog.get_logger().warning("connections_not_freed", why=error.failure.detail)


def arrivals_of(lines: Sequence[Line], *, stream: Stream, at: datetime) -> list[Arrival]:
    """Say what each line is, in order."""
    return [_arrival_of(line, stream=stream, at=at) for line in lines]


def _arrival_of(line: Line, *, stream: Stream, at: datetime) -> Arrival:
    if isinstance(line, Frame):
        return FrameRead(stream=stream, frame=line.body, at=at)
    if isinstance(line, SkipReason):
        return LineSkipped(stream=stream, reason=line, at=at)
    return HeartbeatRead(stream=stream, at=at)
