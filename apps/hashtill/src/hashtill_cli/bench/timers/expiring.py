"""One process of orders as far as time goes: its expiry loop on the real use case, and nothing else."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.postgres import Database
from hashtill_cli.bench.beside import work_beside
from kernel.ids import Network
from kernel.secret import Secret
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.inbound.clocks import Clocks
from orders.outbound.postgres import PostgresTransactions


class NothingWaits:
    """The backlog of a consumer that has read all there is."""

    async def pending(self) -> int:
        """Count nothing."""
        return 0

    async def certain(self, _network: Network, least: datetime | None) -> datetime | None:
        """Believe the watermark."""
        return least


class Lateness:
    """How late orders were expired, counted after the commit: by this machine's clock, which is PostgreSQL's too."""

    def __init__(self, slack: timedelta) -> None:
        self._slack_seconds = slack.total_seconds()
        self.late_ms: Counter[int] = Counter()
        self.last_at = 0.0

    def note(self, window_ends: Sequence[datetime], _at: datetime) -> None:
        """Take the ends of the windows of orders whose expiry is committed."""
        self.last_at = now = time.time()
        allowed = now - self._slack_seconds
        self.late_ms.update(round((allowed - end.timestamp()) * 1_000) for end in window_ends)


async def expire(plan: Mapping[str, Any], stop: asyncio.Event) -> Mapping[str, Any]:
    """Expire until stopped."""
    limits = Limits(slack=timedelta(seconds=plan["slack_seconds"]))
    database = Database.open(Secret(plan["dsn"]), application_name="orders")
    lateness = Lateness(limits.slack)
    transactions = PostgresTransactions(database, on_saved=_nothing_saved)
    backlog = NothingWaits()
    clocks = Clocks(posts=backlog, replies=backlog, transactions=transactions, limits=limits, on_expired=lateness.note)
    await clocks.run_expiry(stop)
    await database.close()
    return {"late_ms": list(lateness.late_ms.items()), "last_at": lateness.last_at}


def _nothing_saved(orders: Sequence[Order]) -> None:
    raise AssertionError(f"An expiry saves nothing by itself: {orders}")


if __name__ == "__main__":
    work_beside(expire)
