"""The phases: idle, a steady stream of deadlines, a burst, and the backlog of an outage; each judged by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from hashtill_cli.bench.beside import Beside
from hashtill_cli.bench.cpu import cpu_of, used_between
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.timers.hearing import Gateway
from hashtill_cli.bench.timers.judging import Fired, caught_up_at, due_at, early, late_percentile
from hashtill_cli.bench.timers.load import OUTAGE_SECONDS, TimersLoad
from hashtill_cli.bench.timers.seeding import Seeds
from orders.domain.limits import Limits
from orders.outbound.postgres import PostgresTransactions

LEAD_SECONDS = 1.0
"""Between telling the processes of orders to begin and the first order being due."""

AFTERWARDS_SECONDS = 12.0
"""So long orders go on coming due while a backlog is worked off; a slower one has missed its target anyhow."""

WAIT_SECONDS_MAX = 240.0
LOOK_SECONDS = 0.1

_LEFT = """
SELECT count(*) AS left FROM (
    SELECT FROM orders WHERE network = 'x' AND state = 'AWAITING_CONFIRMATION' AND deadline_at < $1 LIMIT 1
) AS one
"""
_FIRED = """
SELECT extract(epoch FROM confirm_by)::float8 AS confirm_by, extract(epoch FROM at)::float8 AS fired_at
FROM orders JOIN order_log USING (order_id)
WHERE cause = 'DeadlinePassed' AND at >= $1 AND confirm_by >= $1 AND confirm_by < $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a phase showed."""

    fired: int
    early: int
    late_ms: Counter[int]
    caught_up_seconds: float
    drained_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every phase works with; `pids` are the servers'."""

    load: TimersLoad
    database: Database
    seeds: Seeds
    pids: Mapping[str, int]


async def idle_core_percent(parts: Parts) -> float:
    """Measure what it costs that nothing is due: PostgreSQL and orders together, in per cent of one core."""
    gateway = Gateway(PostgresTransactions(parts.database, on_saved=lambda _: None))
    await gateway.hear()
    async with _replicas(parts) as replicas:
        _tell(replicas, parts, slack=Limits().slack)
        pids = {**parts.pids, **{f"orders-{number}": each.pid for number, each in enumerate(replicas)}}
        await asyncio.sleep(LEAD_SECONDS)
        before = cpu_of(pids)
        await asyncio.sleep(parts.load.idle_seconds)
        used = used_between(before, cpu_of(pids))
    return sum(used.values()) / parts.load.idle_seconds * 100


async def steady(parts: Parts) -> Seen:
    """Let orders come due at the steady rate."""
    load = parts.load
    return await _phase(parts, count=load.due_within(load.seconds), spread_seconds=load.seconds, overdue_seconds=0)


async def burst(parts: Parts) -> Seen:
    """Let very many orders come due within one second."""
    return await _phase(parts, count=parts.load.burst, spread_seconds=1, overdue_seconds=0)


async def backlog(parts: Parts) -> Seen:
    """Hold the watermark for the length of an outage, then let go, while orders keep coming due."""
    spread = OUTAGE_SECONDS + AFTERWARDS_SECONDS
    count = parts.load.due_within(spread)
    return await _phase(parts, count=count, spread_seconds=spread, overdue_seconds=OUTAGE_SECONDS)


async def _phase(parts: Parts, *, count: int, spread_seconds: float, overdue_seconds: float) -> Seen:
    """Add the orders first; how much slack the processes are told then makes the first one due when all are ready."""
    first_at = await parts.seeds.add(parts.database, count, within_seconds=spread_seconds)
    gateway, stop = Gateway(PostgresTransactions(parts.database, on_saved=lambda _: None)), asyncio.Event()
    async with _replicas(parts) as replicas:
        begin_at = await parts.database.now() + timedelta(seconds=LEAD_SECONDS)
        slack = begin_at - timedelta(seconds=overdue_seconds) - first_at
        await gateway.begin(up_to=first_at + slack - timedelta(seconds=1))
        _tell(replicas, parts, slack=slack)
        await _until(parts.database, begin_at)
        hearing = asyncio.create_task(gateway.run(stop))
        last_at = first_at + timedelta(seconds=spread_seconds + 1)
        await _until(parts.database, begin_at + timedelta(seconds=spread_seconds - overdue_seconds))
        await _none_left(parts.database, last_at)
        said = [each.end() for each in replicas]
        stop.set()
        await hearing
    fired = await _fired(parts.database, first_at, last_at, slack=slack)
    if len(fired) != count:
        raise BenchError(f"{count} orders were due and {len(fired)} expired.")
    return _judged(fired, gateway, said, begin_at=begin_at.timestamp())


def _judged(fired: list[Fired], gateway: Gateway, said: list[Mapping[str, Any]], *, begin_at: float) -> Seen:
    late_ms = Counter[int]()
    for each in said:
        late_ms.update(dict(each["late_ms"]))
    return Seen(
        fired=len(fired),
        early=early(fired, gateway.heard),
        late_ms=late_ms,
        caught_up_seconds=caught_up_at(fired, since=begin_at) - begin_at,
        drained_seconds=max(each["last_at"] for each in said) - begin_at,
    )


@asynccontextmanager
async def _replicas(parts: Parts) -> AsyncIterator[list[Beside]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(await asyncio.to_thread(Beside, "hashtill_cli.bench.timers.expiring"))
            for _ in range(parts.load.replicas)
        ]


def _tell(replicas: list[Beside], parts: Parts, *, slack: timedelta) -> None:
    for each in replicas:
        each.tell({"dsn": parts.database.dsn.reveal(), "slack_seconds": slack.total_seconds()})


async def _until(database: Database, at: datetime) -> None:
    await asyncio.sleep((at - await database.now()).total_seconds())


async def _none_left(database: Database, last_at: datetime) -> None:
    give_up_at = monotonic() + WAIT_SECONDS_MAX
    while await _left(database, last_at):
        if monotonic() > give_up_at:
            raise BenchError(f"After {WAIT_SECONDS_MAX:g} s there are still orders that should have expired.")
        await asyncio.sleep(LOOK_SECONDS)


async def _left(database: Database, last_at: datetime) -> int:
    async with database.transaction() as connection:
        (row,) = await fetch_unnest(connection, _LEFT, last_at)
    return int(row["left"])


async def _fired(database: Database, first_at: datetime, last_at: datetime, *, slack: timedelta) -> list[Fired]:
    async with database.transaction() as connection:
        rows = await fetch_unnest(connection, _FIRED, first_at, last_at)
    seconds = slack.total_seconds()
    return [Fired(due_at=due_at(row["confirm_by"], seconds), fired_at=row["fired_at"]) for row in rows]


def late_ms(seen: Seen, percent: int) -> int:
    """Give the lateness that so many per cent do not exceed."""
    return late_percentile(seen.late_ms, percent)
