"""One run: servers of its own, the relay and the writers beside them, and both sides compared afterwards."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.jetstream import connect, ensure_streams
from chassis.logs import configure_logs
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from hashtill_cli.bench.beside import Beside
from hashtill_cli.bench.cpu import cpu_of, used_between
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.folders import bench_folder
from hashtill_cli.bench.pgbench import pgbench_tps
from hashtill_cli.bench.relay.agreement import Stored, Written, counted, disagreements
from hashtill_cli.bench.relay.load import SERVICE, STREAM, RelayLoad
from hashtill_cli.bench.relay.reading import stored_messages, written_rows
from hashtill_cli.bench.relay.reference import singles_per_second
from hashtill_cli.bench.relay.report import RelayResult
from hashtill_cli.embedded.servers import Servers, embedded_servers

DRAIN_SECONDS_MAX = 30.0
"""What is not marked by then never will be."""

READ_TIMEOUT_MS = 120_000
"""Reading every row of a long run."""

REFERENCE_SECONDS = 3.0

_UNMARKED = "SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL) AS any"
_NOT_LED = """
SELECT NOT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND granted AND datname = current_database()) AS any
"""
_NOW = "SELECT clock_timestamp() AS at"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    since: datetime
    until: datetime
    cpu_seconds: dict[str, float]


def run_relay(
    load: RelayLoad, *, tell: Callable[[str], None], pgbench_seconds: int, keep: Path | None = None
) -> RelayResult:
    """Measure the relay. Raises BenchError and what starting servers raises."""
    configure_logs(service="bench", level="ERROR")
    load_before = os.getloadavg()[0]
    with bench_folder(keep) as data, embedded_servers(data) as servers:
        asyncio.run(_set_up(servers))
        tell(f"{load.writers} writers, {load.batch} events a transaction; {load.seconds:g} s after warming up")
        window = _measure(load, servers)
        tell("reading both sides")
        rows, stored = asyncio.run(_read(servers))
        tell("single publishes and pgbench -N on the same servers")
        places = {each.sequence: each for each in stored}
        return RelayResult(
            load=load,
            events=counted(rows, places, since=window.since, until=window.until),
            seconds=(window.until - window.since).total_seconds(),
            cpu_seconds=window.cpu_seconds,
            single_publishes_per_second=asyncio.run(_singles(servers)),
            pgbench_tps=pgbench_tps(servers.postgres, seconds=pgbench_seconds),
            problems=disagreements(rows, stored),
            compared=len(rows),
            load_before=load_before,
        )


async def _set_up(servers: Servers) -> None:
    dsn = servers.dsn_of(SERVICE)
    await run_migrations(dsn, package=SERVICE)
    database = Database.open(dsn, application_name="bench")
    await Maintenance(database).run_once()
    await database.close()
    nats = await connect(servers.nats.url, name="bench")
    await ensure_streams(nats)
    await nats.close()


def _measure(load: RelayLoad, servers: Servers) -> _Window:
    plan = {
        "load": asdict(load),
        "dsn": servers.dsn_of(SERVICE).reveal(),
        "nats_url": servers.nats.url.reveal(),
    }
    with (
        Beside("hashtill_cli.bench.relay.relaying") as relay,
        Beside("hashtill_cli.bench.relay.writing") as writers,
    ):
        pids = {"relay": relay.pid, "writers": writers.pid, **_server_pids(servers)}
        relay.tell(plan)
        asyncio.run(_none_left(servers, _NOT_LED, otherwise="No relay took the lead."))
        writers.tell(plan)
        time.sleep(load.warm_seconds)
        since, before = asyncio.run(_now(servers)), cpu_of(pids)
        time.sleep(load.seconds)
        until, after = asyncio.run(_now(servers)), cpu_of(pids)
        writers.end()
        asyncio.run(_none_left(servers, _UNMARKED, otherwise="The relay did not mark everything within the drain."))
        relay.end()
    return _Window(since=since, until=until, cpu_seconds=used_between(before, after))


def _server_pids(servers: Servers) -> dict[str, int]:
    processes = {"postgres": servers.postgres.process, "nats": servers.nats.process}
    return {name: process.pid for name, process in processes.items() if process is not None}


async def _now(servers: Servers) -> datetime:
    """Ask the database clock, which stamps what is marked."""
    (row,) = await _fetch(servers, _NOW)
    at: datetime = row["at"]
    return at


async def _none_left(servers: Servers, statement: str, *, otherwise: str) -> None:
    give_up_at = time.monotonic() + DRAIN_SECONDS_MAX
    while (await _fetch(servers, statement))[0]["any"]:
        if time.monotonic() > give_up_at:
            raise BenchError(otherwise)
        await asyncio.sleep(0.1)


async def _read(servers: Servers) -> tuple[list[Written], list[Stored]]:
    database = Database.open(servers.dsn_of(SERVICE), application_name="bench", statement_timeout_ms=READ_TIMEOUT_MS)
    rows = await written_rows(database)
    await database.close()
    nats = await connect(servers.nats.url, name="bench")
    stored = await stored_messages(nats, STREAM)
    await nats.close()
    return rows, stored


async def _singles(servers: Servers) -> float:
    nats = await connect(servers.nats.url, name="bench")
    a_second = await singles_per_second(nats, seconds=REFERENCE_SECONDS)
    await nats.close()
    return a_second


async def _fetch(servers: Servers, statement: str) -> list[Mapping[str, Any]]:
    database = Database.open(servers.dsn_of(SERVICE), application_name="bench", pool_size=1)
    async with database.transaction() as connection:
        rows = await fetch_unnest(connection, statement)
    await database.close()
    return [dict(row) for row in rows]
