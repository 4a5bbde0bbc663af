"""The gateway as far as time goes: it says again and again how far the network is read, or holds still."""

import asyncio
from datetime import datetime

from chassis.unnest import execute_unnest
from hashtill_cli.bench.timers.judging import Heard
from kernel.ids import X
from kernel.shards import SOCIAL_SHARDS
from orders.domain.cutoff import Watermark
from orders.outbound.postgres import PostgresTransactions

EVERY_SECONDS = 0.05
"""Watermarks come closer together than the gateway's (a second apart by default), so that the timers are measured."""


class Gateway:
    """Raises watermarks, and remembers each."""

    def __init__(self, transactions: PostgresTransactions) -> None:
        self._transactions = transactions
        self.heard: list[Heard] = []

    async def hear(self) -> None:
        """Say once that the network is read up to now."""
        async with self._transactions.begin() as unit:
            at = unit.at
            await unit.watermarks.raise_to(_everywhere(at))
        self.heard.append(Heard(written_at=at.timestamp(), up_to=at.timestamp()))

    async def begin(self, *, up_to: datetime) -> None:
        """Be where a gateway is that has said nothing since then: an older word of ours would cover what is due."""
        async with self._transactions.begin() as unit:
            await unit.watermarks.raise_to(_everywhere(up_to))
            await execute_unnest(unit.connection, "UPDATE watermark SET at = $1", up_to)
        self.heard.append(Heard(written_at=0, up_to=up_to.timestamp()))

    async def run(self, stop: asyncio.Event) -> None:
        """Say so until stopped."""
        while not stop.is_set():
            await self.hear()
            await asyncio.sleep(EVERY_SECONDS)


def _everywhere(at: datetime) -> list[Watermark]:
    return [Watermark(network=X, shard=shard, at=at) for shard in range(SOCIAL_SHARDS)]
