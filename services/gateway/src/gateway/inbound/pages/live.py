"""Live: server-sent events, so that an open page keeps up; bounded in number and in time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from chassis.workers import either
from kernel.refusals import Refusal, RefusalKind, RefusedError

SEATS_MAX = 1_000
"""Open pages of one kind a process keeps up to date; one more reads on and asks again later."""

SILENCE_SECONDS = 10.0
"""A comment is sent after so long, under every proxy's idle limit, and finds out who has left."""

STREAM_SECONDS_MAX = 30 * 60.0
"""A stream ends after this; the browser opens the next one by itself."""

RETRY_MS = 2_000
"""How long a browser waits before it opens a lost stream again."""


class Seats:
    """How many streams are open."""

    def __init__(self, seats_max: int = SEATS_MAX) -> None:
        self.taken, self._seats_max = 0, seats_max

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Take a seat for the block; raises RefusedError TOO_BUSY when there is none."""
        if self.taken >= self._seats_max:
            raise RefusedError(
                Refusal(kind=RefusalKind.EXHAUSTED, reason="TOO_BUSY", message="Too many pages are open just now.")
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class LiveStream:
    """One browser's stream of named events with HTML as data."""

    def __init__(self, response: web.StreamResponse, stopping: asyncio.Event) -> None:
        self._response, self._stopping = response, stopping
        self._ends_at = asyncio.get_running_loop().time() + STREAM_SECONDS_MAX

    @property
    def is_over(self) -> bool:
        """Whether to end: the process stops, or the stream is old enough."""
        return self._stopping.is_set() or asyncio.get_running_loop().time() >= self._ends_at

    async def send(self, event: str, html: str = "") -> None:
        """Send an event."""
        data = "".join(f"data: {line}\n" for line in html.splitlines() or [""])
        await self._response.write(f"event: {event}\n{data}\n".encode())

    async def wait(self, something: asyncio.Event) -> None:
        """Wait until there is something to send; a long silence is broken by a comment."""
        await either(something, self._stopping, timeout_seconds=SILENCE_SECONDS)
        if not something.is_set() and not self._stopping.is_set():
            await self._response.write(b": still here\n\n")


async def serve_live(
    request: web.Request, stopping: asyncio.Event, follow: Callable[[LiveStream], Awaitable[None]]
) -> web.StreamResponse:
    """Open a stream and follow until its end; a browser that leaves, or a peer that does, ends it quietly."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    with contextlib.suppress(ConnectionError, RefusedError):
        await response.prepare(request)
        await response.write(f"retry: {RETRY_MS}\n\n".encode())
        await follow(LiveStream(response, stopping))
        await response.write_eof()
    return response
