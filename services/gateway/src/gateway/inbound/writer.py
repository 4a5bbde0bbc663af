"""The writer: one batch after another from the lane into the database; it alone moves the progress."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from chassis.telemetry import span
from gateway.domain.arrivals import StreamOpened
from gateway.inbound.lane import Lane
from gateway.usecases.ingest_arrivals import Policy, Progress, ingest_arrivals
from gateway.usecases.ports import Transactions
from gateway.usecases.tally import Tally
from kernel.tags import Tag


class Writer:
    """Holds the progress of one reading session; `moved` is set after every batch, `idle` says none is in hand."""

    def __init__(
        self,
        progress: Progress,
        *,
        lane: Lane,
        known_tags: Callable[[], AbstractSet[Tag]],
        policy: Policy,
        transactions: Transactions,
        tally: Tally,
    ) -> None:
        self.progress = progress
        self.moved = asyncio.Event()
        self.idle = True
        self._lane, self._known_tags, self._policy = lane, known_tags, policy
        self._transactions, self._tally = transactions, tally

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self.run_once()

    async def run_once(self) -> None:
        """Wait for something and write what is waiting; what fails to be written ends the session."""
        batch = await self._lane.batch()
        self.idle = False
        with span("gateway.ingest", batch_size=len(batch)):
            ingested = await ingest_arrivals(
                batch,
                progress=self.progress,
                known_tags=self._known_tags(),
                policy=self._policy,
                transactions=self._transactions,
            )
        self._tally.add(ingested)
        self._tally.connects.update(each.stream for each in batch if isinstance(each, StreamOpened))
        self.progress = ingested.progress
        self.idle = True
        self.moved.set()
