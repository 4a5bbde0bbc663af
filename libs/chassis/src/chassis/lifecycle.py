"""A process's life: wait for what it needs, be ready, and on SIGTERM drain what is in flight and stop in under 5 s."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog
from grpc import aio

from chassis.health import Health, is_serving
from chassis.workers import Loop, supervise

WAIT_SECONDS = 60.0
"""How long a start waits for a thing it needs before it gives up and says how to mend it."""

ASK_EVERY_SECONDS = 0.1
SAY_EVERY_SECONDS = 3.0
"""What is missing is asked for and told this often."""

SERVERS_SECONDS = 2.5
WORKERS_SECONDS = 1.2
CLOSERS_SECONDS = 0.6
"""The stop's three bounds, 4.3 s together, so that with the last flush of spans it ends under 5 s."""

Probe = Callable[[], Awaitable[bool]]
"""Asks once whether a thing is there; False or any exception means not yet."""


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

    def add_worker(self, name: str, loop: Loop) -> None:
        """Run a loop from now to the stop, e.g. `add_worker("relay", relay.run)`; a crash restarts it with a pause.

        After CRASHES_MAX crashes in a row the whole process stops with exit code 1.
        """
        task = asyncio.create_task(supervise(name, loop, stop=self._workers_stop), name=name)
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
        ends_at = time.monotonic() + timeout_seconds
        say_at = time.monotonic() + SAY_EVERY_SECONDS
        while not await _answers(probe):
            now = time.monotonic()
            if now >= ends_at or self.stopping.is_set():
                raise NotThereError(f"{name} did not answer within {timeout_seconds:.0f} s. {remedy}")
            if now >= say_at:
                structlog.get_logger().warning("waiting_for", what=name, remedy=remedy)
                say_at = now + SAY_EVERY_SECONDS
            await asyncio.sleep(ASK_EVERY_SECONDS)

    def ready_after(self, name: str, probe: Probe, *, remedy: str) -> None:
        """Stay not ready until the probe says yes, without holding up the start: peers wait for each other."""

        async def wait(_stop: asyncio.Event) -> None:
            await self.wait_for(name, probe, remedy=remedy)
            await self.ready(name)

        self._missing.add(name)
        self.add_worker(f"wait-for-{name}", wait)

    def ready_after_peer(self, name: str, channel: aio.Channel) -> None:
        """Stay not ready until that peer answers health checks; its channel is closed at the stop."""
        self.on_stop(f"channel-{name}", lambda: channel.close(None))
        remedy = f"Start {name}, or correct HASHTILL_{name.upper()}_TARGET."
        self.ready_after(name, lambda: is_serving(channel), remedy=remedy)

    async def not_ready(self, reason: str) -> None:
        """Turn traffic away for a named reason until `ready` is told the same reason."""
        self._missing.add(reason)
        await self.health.set_ready(ready=False)

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
        await asyncio.gather(*(server.stop(grace_seconds=SERVERS_SECONDS) for server in self._servers))
        self._workers_stop.set()
        await _finish(self._workers, within_seconds=WORKERS_SECONDS)
        for name, close in reversed(self._closers):
            task = asyncio.ensure_future(close())
            await _finish({name: task}, within_seconds=CLOSERS_SECONDS)
        await self.health.stop()

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            structlog.get_logger().error("worker_gave_up", worker=task.get_name())
            self.failure = failure
            self.stopping.set()


async def _answers(probe: Probe) -> bool:
    try:
        return await probe()
    except Exception as error:  # noqa: BLE001 - a probe may fail in any way its library has; not there yet is the answer
        structlog.get_logger().debug("not_there_yet", cause=str(error))
        return False


async def _finish(tasks: Mapping[str, asyncio.Future[Any]], *, within_seconds: float) -> None:
    """Wait for tasks, cancel those that hang and name them; failures were logged where they happened."""
    if not tasks:
        return
    _, hung = await asyncio.wait(tasks.values(), timeout=within_seconds)
    for name, task in tasks.items():
        if task in hung:
            task.cancel()
            structlog.get_logger().warning("hung_at_stop", what=name, waited_seconds=within_seconds)
    await asyncio.gather(*tasks.values(), return_exceptions=True)
