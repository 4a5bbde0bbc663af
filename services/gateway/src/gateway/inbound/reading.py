"""Reading: the replica that holds the network's lease reads, one session after another; the others stand by."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from chassis.workers import either
from gateway.inbound.session import Session
from gateway.usecases.ingest_arrivals import Progress

LEASE_EVERY_SECONDS = 1.0
"""How soon a replica that stands by notices that the lease is free, and a holder that it is lost."""


BEGIN_EVERY_SECONDS = 0.05
"""Reading before the known tags are there would skip what is ours; they come within a second of a start."""


class Lease(Protocol):
    """At most one holder among all replicas."""

    async def take(self) -> bool:
        """Try to hold it."""

    async def is_held(self) -> bool:
        """Whether it still stands."""

    async def give_back(self) -> None:
        """Free it."""


class Reading:
    """Whether this replica reads, and its session while it does; `may_begin` says that the known tags are there."""

    def __init__(
        self, lease: Lease, *, may_begin: Callable[[], Awaitable[bool]], new_session: Callable[[], Session]
    ) -> None:
        self._lease, self._may_begin, self._new_session = lease, may_begin, new_session
        self._session: Session | None = None

    @property
    def progress(self) -> Progress | None:
        """Where this replica's reading stands; None while another reads."""
        writer = self._session.writer if self._session else None
        return writer.progress if writer else None

    def tags_changed(self) -> None:
        """Bring the rules in step soon."""
        if self._session is not None:
            self._session.rules.wake()

    def links_changed(self) -> None:
        """Bring the subscriptions in step soon."""
        if self._session is not None:
            self._session.subscriptions.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Stand by and read until stopped; a session that fails raises, and the next run starts a new one."""
        try:
            while not stop.is_set():
                if not await self._may_begin():
                    await either(stop, timeout_seconds=BEGIN_EVERY_SECONDS)
                elif await self._lease.take():
                    await self._read(stop)
                else:
                    await either(stop, timeout_seconds=LEASE_EVERY_SECONDS)
        finally:
            await self._lease.give_back()

    async def _read(self, stop: asyncio.Event) -> None:
        self._session = self._new_session()
        reading = asyncio.create_task(self._session.run(), name="session")
        guarding = asyncio.create_task(self._guard(stop), name="lease-guard")
        try:
            await asyncio.wait([reading, guarding], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            for task in (reading, guarding):
                task.cancel()
            await asyncio.gather(reading, guarding, return_exceptions=True)
            self._session = None

    async def _guard(self, stop: asyncio.Event) -> None:
        """End when the stop comes or the lease is lost."""
        while not stop.is_set():
            if not await self._lease.is_held():
                structlog.get_logger().warning("lease_lost")
                return
            await either(stop, timeout_seconds=LEASE_EVERY_SECONDS)
