"""In hand: what a process is sending stays leased for as long as it lives, and not much longer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from notifier.domain.delivery import DeliveryId
from notifier.usecases.ports import Leased, Transactions

KEEP_EVERY_SECONDS = 1.0


class InHand:
    """Shared by the lanes of a process: what one has in hand, no other takes, though its lease ran out.

    It runs out when the database, or the process itself, stood still for longer than the lease.
    """

    def __init__(self, *, keep_every_seconds: float = KEEP_EVERY_SECONDS) -> None:
        self._keep_every_seconds = keep_every_seconds
        self._held: set[DeliveryId] = set()

    @asynccontextmanager
    async def holding(
        self, leased: Sequence[Leased], *, lease_time: timedelta, transactions: Transactions
    ) -> AsyncIterator[Sequence[Leased]]:
        """Hold those that no lane here has in hand, and keep their leases until the block ends."""
        ours = [each for each in leased if each.delivery.delivery_id not in self._held]
        ids = {each.delivery.delivery_id for each in ours}
        self._held |= ids
        done = asyncio.Event()
        keeper = asyncio.create_task(self._keep(ours, done, lease_time=lease_time, transactions=transactions))
        try:
            yield ours
        finally:
            done.set()
            self._held -= ids
            await keeper

    async def _keep(
        self, ours: Sequence[Leased], done: asyncio.Event, *, lease_time: timedelta, transactions: Transactions
    ) -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._keep_every_seconds):
                    await done.wait()
            if not done.is_set():
                with suppress(Exception):  # the database is away for everybody: nobody can take them meanwhile
                    async with transactions.begin() as unit:
                        await unit.deliveries.keep(ours, lease_time=lease_time)
