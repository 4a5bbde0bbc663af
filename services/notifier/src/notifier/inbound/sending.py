"""Who sends: of all replicas one posts as the program account and counts its quota; every kind goes out on lanes."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

from chassis.lease import PostgresLease
from chassis.outages import is_outage
from chassis.patience import StoppedError
from chassis.workers import Worker
from kernel.secret import Secret

CHECK_SECONDS = 5.0
"""Whether the lease still stands is asked this often; PostgreSQL frees it when our connection is gone."""


class LeasedPosts:
    """Runs a tick only while this replica holds the lease on the program account."""

    def __init__(self, dsn: Secret[str], run: Callable[[], Awaitable[int]]) -> None:
        self._lease = PostgresLease(dsn, name="program account")
        self._run = run
        self._sure_until = 0.0
        self._asking = asyncio.Lock()

    async def run_once(self) -> int:
        """Send one batch if we are the writer, and give its size; 0 also while another replica writes."""
        async with self._asking:  # the lease has one connection, and the lanes share it
            if monotonic() >= self._sure_until and not await self._holds():
                return 0
        return await self._run()

    async def give_back(self) -> None:
        """Let another replica write at once."""
        await self._lease.give_back()

    async def _holds(self) -> bool:
        held = await self._lease.is_held() or await self._lease.take()
        self._sure_until = monotonic() + CHECK_SECONDS if held else 0.0
        return held


class Lanes:
    """Workers that do the same beside each other: while one waits for a server, another goes on.

    While identity, orders or the database is away, what was leased and not sent waits; that is no crash.
    """

    def __init__(self, run_once: Callable[[], Awaitable[int]], *, full: int, count: int) -> None:
        self._run_once, self._full = run_once, full
        self._busy = [False] * count
        self.workers = [Worker(self._lane(place)) for place in range(count)]

    def wake(self) -> None:
        """Have one lane look again now, an idle one if there is one."""
        self.workers[self._busy.index(False) if False in self._busy else 0].wake()

    def _lane(self, place: int) -> Callable[[], Awaitable[bool]]:
        async def run_once() -> bool:
            self._busy[place] = True
            try:
                return await self._run_once() >= self._full  # behind a batch that is not full, nothing waits
            except StoppedError:
                return False
            except Exception as error:
                if not is_outage(error):
                    raise
                structlog.get_logger().warning("sending_waits", cause=type(error).__name__)
                return False
            finally:
                self._busy[place] = False

        return run_once
