"""One open stream: frames wait in it, shaped by the faults in force, and leave with heartbeats between them."""

import asyncio
import heapq
import uuid
from dataclasses import dataclass

import orjson
from aiohttp import web

from sandbox.x.faults import Endpoint, Faults
from sandbox.x.fields import Fields

LINE_END = b"\r\n"

FRAMES_MAX = 50_000
"""A reader this many frames behind is cut off as X cuts off slow readers; 30 seconds of the busiest load."""

FRAMES_A_WRITE_MAX = 500
"""One write to the socket takes so many frames, so that heartbeats and endings are not kept waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a connection ends: a last frame or none, and closed in order or torn."""

    frame: bytes = b""
    torn: bool = False


def disconnect_frame(disconnect_type: str, detail: str) -> bytes:
    """Write the in-band frame X sends before it hangs up."""
    error = {
        "title": "operational-disconnect",
        "disconnect_type": disconnect_type,
        "detail": detail,
        "type": "https://api.x.com/2/problems/operational-disconnect",
    }
    return orjson.dumps({"errors": [error]}) + LINE_END


class Connection:
    """Carries frames to one reader; `offer` never waits."""

    def __init__(self, *, endpoint: Endpoint, fields: Fields, heartbeat_seconds: float, faults: Faults) -> None:
        self.id = str(uuid.uuid4())
        self.endpoint = endpoint
        self.fields = fields
        self._heartbeat_seconds = heartbeat_seconds
        self._faults = faults
        self._now = asyncio.get_running_loop().time
        self._waiting: list[tuple[float, int, bytes]] = []
        self._offered = 0
        self._window_ends = 0.0
        self._stalled_until = 0.0
        self._ending: Ending | None = None
        self._transport: asyncio.Transport | None = None
        self._woken = asyncio.Event()

    def offer(self, frame: bytes) -> None:
        """Put a frame in line: delayed, reordered or copied if a fault says so."""
        fault = self._faults.streams[self.endpoint]
        due = self._now() + fault.delay_seconds
        self._offered += 1
        order = self._offered
        if fault.reorder_window_seconds:
            due = self._end_of_window(due, fault.reorder_window_seconds)
            order = -order
        for _ in range(fault.copies):
            heapq.heappush(self._waiting, (due, order, frame))
        if len(self._waiting) > FRAMES_MAX:
            self._waiting.clear()
            self.end(Ending(frame=disconnect_frame("SlowReader", "This stream reads too slowly.")))
        self._woken.set()

    def _end_of_window(self, due: float, seconds: float) -> float:
        """Say when a reordered frame leaves; a window opens with its first frame, and the clock never cuts it."""
        if due >= self._window_ends:
            self._window_ends = due + seconds
        return self._window_ends

    def stall(self, seconds: float) -> None:
        """Send no byte for that long, not even heartbeats."""
        self._stalled_until = self._now() + seconds
        self._woken.set()

    def end(self, ending: Ending) -> None:
        """End it; the first ending counts. Tearing does not wait for a reader that has stopped reading."""
        self._ending = self._ending or ending
        if self._ending.torn and self._transport is not None:
            self._transport.abort()
        self._woken.set()

    async def carry(self, request: web.Request) -> web.StreamResponse:
        """Answer the request with the stream until it ends; the first heartbeat goes at once and opens it."""
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        self._transport = request.transport
        await response.prepare(request)
        await response.write(LINE_END)
        ending = await self._send_until_ended(response)
        if ending.torn:
            return response
        if ending.frame:
            await response.write(ending.frame)
        await response.write_eof()
        return response

    async def _send_until_ended(self, response: web.StreamResponse) -> Ending:
        beat_at = self._now() + self._heartbeat_seconds
        while self._ending is None:
            self._woken.clear()
            now = self._now()
            if frames := self._take(now, beat_at=beat_at):
                await response.write(frames)
                beat_at = now + self._heartbeat_seconds
            await self._wait(beat_at)
        return self._ending

    def _take(self, now: float, *, beat_at: float) -> bytes:
        if now < self._stalled_until:
            return b""
        frames: list[bytes] = []
        while self._waiting and self._waiting[0][0] <= now and len(frames) < FRAMES_A_WRITE_MAX:
            frames.append(heapq.heappop(self._waiting)[2])
        return b"".join(frames) or (LINE_END if now >= beat_at else b"")

    async def _wait(self, beat_at: float) -> None:
        """Wait for news, the next frame's time or the next heartbeat, but not while stalled."""
        next_at = min(beat_at, self._waiting[0][0] if self._waiting else beat_at)
        try:
            async with asyncio.timeout_at(max(next_at, self._stalled_until)):
                await self._woken.wait()
        except TimeoutError:
            return
