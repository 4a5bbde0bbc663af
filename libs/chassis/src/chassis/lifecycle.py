"""A process's life: wait for what it needs, be ready, and on SIGTERM drain what is in flight and stop in under 5 s."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from grpc import aio

from chassis.finishing import finish
from chassis.health import Health, is_serving
from chassis.waiting import Probe, comes
from chassis.workers import CRASHES_MAX, Loop, supervise

WAIT_SECONDS = 60.0
"""How long a start waits for a thing it needs before it gives up and says how to mend it."""

SERVERS_SECONDS = 2.2
WORKERS_SECONDS = 1.0
CLOSERS_SECONDS = 0.5
"""The stop's bounds, one after the other: with the last spans' 0.8 s a stop in which each hangs ends within 5 s."""

CLOSER_LEAST_SECONDS = 0.05
"""What is closed last still gets a moment when others hung."""


class Server(Protocol):
    """What drains: it starts at once and stops by refusing new calls and finishing those in flight."""

    async def start(self) -> None:
        """Begin to answer."""

    async def stop(self, *, grace_seconds: float) -> None:
        """Refuse new calls, finish those in flight, cancel what is left after the grace."""


class NotThereError(Exception):
    """What a start needs did not come in time; the sentence says what it is and what to do."""


class Lifecycle:
    """What `serve` joins its parts to: workers, servers, things to close, and whether the process is ready."""

    def __init__(self, *, health: Health) -> None:
        self.health = health
        self.stopping = asyncio.Event()
        """Set when the stop begins; a stream that has no end of its own (Watch…) ends itself on it."""
        self.failure: BaseException | None = None
        self._workers_stop = asyncio.Event()
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._servers: list[Server] = []
        self._closers: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        self._missing: set[str] = {"start-up"}

    def add_worker(self, name: str, loop: Loop, *, crashes_max: int = CRASHES_MAX) -> None:
        """Run a loop from now to the stop, e.g. `add_worker("relay", relay.run)`; a crash restarts it with a pause.

        After `crashes_max` crashes in a row the whole process stops with exit code 1.
        """
        task = asyncio.create_task(supervise(name, loop, stop=self._workers_stop, crashes_max=crashes_max), name=name)
        self._workers[name] = task
        task.add_done_callback(self._worker_ended)

    async def add_server(self, server: Server) -> None:
        """Start a server now; it is drained first when the process stops."""
        await server.start()
        self._servers.append(server)

    def on_stop(self, name: str, close: Callable[[], Awaitable[object]]) -> None:
        """Close this when servers and workers have ended; the last added is closed first."""
        self._closers.append((name, close))

    async def wait_for(self, name: str, probe: Probe, *, remedy: str, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Wait here until the probe says yes, naming what is missing every few seconds; raises NotThereError."""
        there = await comes(name, probe, remedy=remedy, abandoned=self.stopping, within_seconds=timeout_seconds)
        if not there:
            raise NotThereError(f"{name} did not answer within {timeout_seconds:.0f} s. {remedy}")

    def ready_after(self, name: str, probe: Probe, *, remedy: str) -> None:
        """Stay not ready until the probe says yes, without holding up the start: peers wait for each other."""

        async def wait(_stop: asyncio.Event) -> None:
            if await comes(name, probe, remedy=remedy, abandoned=self.stopping):
                await self.ready(name)

        self._missing.add(name)
        self.add_worker(f"wait-for-{name}", wait)

    def ready_after_peer(self, name: str, channel: aio.Channel) -> None:
        """Stay not ready until that peer answers health checks; its channel is closed at the stop."""
        self.on_stop(f"channel-{name}", lambda: channel.close(None))
        remedy = f"Start {name}, or correct HASHTILL_{name.upper()}_TARGET."
        self.ready_after(name, lambda: is_serving(channel), remedy=remedy)

    async def ready(self, reason: str) -> None:
        """Take one reason away; with none left the process is ready."""
        self._missing.discard(reason)
        if not self._missing and not self.stopping.is_set():
            await self.health.set_ready(ready=True)
            structlog.get_logger().info("ready")

    def why_not_ready(self) -> frozenset[str]:
        """Name what readiness still waits for."""
        return frozenset(self._missing)

    def request_stop(self) -> None:
        """Begin the stop, as SIGTERM does."""
        self.stopping.set()

    async def stop(self) -> None:
        """Drain servers, then workers, then close what was opened; each bounded, what hangs is cancelled and named."""
        self.stopping.set()
        await self.health.set_ready(ready=False)
        await finish(
            {f"{server!r}": server.stop(grace_seconds=SERVERS_SECONDS) for server in self._servers},
            within_seconds=SERVERS_SECONDS + CLOSER_LEAST_SECONDS,
        )
        self._workers_stop.set()
        await finish(self._workers, within_seconds=WORKERS_SECONDS)
        ends_at = time.monotonic() + CLOSERS_SECONDS
        for name, close in reversed(self._closers):
            await finish({name: close()}, within_seconds=max(CLOSER_LEAST_SECONDS, ends_at - time.monotonic()))
        await self.health.stop()

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            structlog.get_logger().error("worker_gave_up", worker=task.get_name(), cause=repr(failure))
            self.failure = failure
            self.stopping.set()
