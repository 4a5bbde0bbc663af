"""The lane: everything the readers hear, in order, on its way to the one writer; bounded."""

import asyncio
from collections.abc import Sequence

from gateway.domain.arrivals import Arrival
from gateway.domain.backoff import Failure, FailureKind
from gateway.usecases.network import NetworkFailedError

LANE_MAX = 4_000
"""Two seconds at the rate we promise (2,000 frames a second); about 20 MB of ordinary frames."""

BATCH_MAX = 200
"""The suite's batch (decision 0004)."""

BEHIND_SECONDS_MAX = 5.0
"""A reader that waits longer for room hears of old news only: it drops the connection, and the gap is closed later."""


class Lane:
    """A bounded queue that gives batches of what is waiting."""

    def __init__(self, *, behind_seconds_max: float = BEHIND_SECONDS_MAX) -> None:
        self._behind_seconds_max = behind_seconds_max
        self._waiting: asyncio.Queue[Arrival] = asyncio.Queue(maxsize=LANE_MAX)

    async def put_all(self, arrivals: Sequence[Arrival]) -> None:
        """Put what a stream said; raises NetworkFailedError when there is no room for too long."""
        try:
            async with asyncio.timeout(self._behind_seconds_max):
                for arrival in arrivals:
                    await self._waiting.put(arrival)
        except TimeoutError as error:
            failure = Failure(kind=FailureKind.NETWORK, detail="we read too slowly")
            raise NetworkFailedError(failure) from error

    async def put(self, arrival: Arrival) -> None:
        """Put one, waiting for room."""
        await self._waiting.put(arrival)

    async def batch(self) -> list[Arrival]:
        """Wait for the first arrival and give it with all that wait behind it, at most BATCH_MAX."""
        gathered = [await self._waiting.get()]
        while len(gathered) < BATCH_MAX and not self._waiting.empty():
            gathered.append(self._waiting.get_nowait())
        return gathered

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._waiting.empty()
