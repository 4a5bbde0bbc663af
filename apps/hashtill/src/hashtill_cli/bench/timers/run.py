"""One run: PostgreSQL with the real tables, a million copies of an order, and every phase on a fast and a slow disk."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import uvloop

from chassis.logs import configure_logs
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from hashtill_cli.bench.folders import bench_folder
from hashtill_cli.bench.timers import phases
from hashtill_cli.bench.timers.load import SERVICE, TimersLoad
from hashtill_cli.bench.timers.machine import SlowDisk, compiled, on_machine
from hashtill_cli.bench.timers.phases import Parts
from hashtill_cli.bench.timers.report import Disk, TimersResult
from hashtill_cli.bench.timers.seeding import Seeds
from hashtill_cli.embedded.data_folder import data_folder
from hashtill_cli.embedded.databases import run_sql, service_dsns
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.postgres import Postgres, embedded_postgres
from kernel.secret import Secret

FSYNC_MICROSECONDS = 2_000
"""What a sync costs on a good disk of a data centre; here it costs a fiftieth of that."""

STATEMENT_TIMEOUT_MS = 120_000
"""Copying orders, and judging a phase's, takes seconds."""

FAR_SECONDS = 3 * 3_600.0
FAR_SPREAD_SECONDS = 900.0
"""When the pending orders' windows end: long after the run, evenly over 15 minutes."""

Tell = Callable[[str], None]


def run_timers(load: TimersLoad, *, tell: Tell, slow: bool = True, keep: Path | None = None) -> TimersResult:
    """Measure the timers. Raises BenchError and what starting PostgreSQL raises."""
    configure_logs(service="bench", level="ERROR")
    with bench_folder(keep) as folder, data_folder(folder) as data:
        keyring = Keyring(data)
        with embedded_postgres(data, keyring=keyring, throwaway=keep is None) as server:
            dsn = service_dsns(server, keyring=keyring, services=[SERVICE])[SERVICE]
            return uvloop.run(_measure(load, server, dsn, tell=tell, slow=slow))


async def _measure(load: TimersLoad, server: Postgres, dsn: Secret[str], *, tell: Tell, slow: bool) -> TimersResult:
    disks: dict[str, SlowDisk | None] = {"fast": None}
    if slow:
        library = compiled(server.cluster.parent)
        disks["fsync2ms"] = SlowDisk(library=library, microseconds=FSYNC_MICROSECONDS)
    seeds, seen, load_before = Seeds(), dict[str, Disk](), os.getloadavg()[0]
    for name, disk in disks.items():
        with on_machine(server, shared_buffers=load.shared_buffers, slow=disk):
            tell(f"{load.pending} orders that await their confirmation; disk: {name}")
            await _set_up(load, dsn, seeds)
            seen[name] = await _on_this_disk(load, server, dsn, seeds, tell=tell)
    return TimersResult(load=load, disks=seen, load_before=load_before)


async def _set_up(load: TimersLoad, dsn: Secret[str], seeds: Seeds) -> None:
    """Make the tables and the orders, once."""
    if seeds.begun:
        return
    await run_migrations(dsn, package=SERVICE)
    database = _open(dsn)
    await Maintenance(database).run_once()
    await seeds.begin(database)
    await seeds.add(database, load.pending, in_seconds=FAR_SECONDS, within_seconds=FAR_SPREAD_SECONDS)
    await database.close()


async def _on_this_disk(load: TimersLoad, server: Postgres, dsn: Secret[str], seeds: Seeds, *, tell: Tell) -> Disk:
    database = _open(dsn)
    pids = {} if server.process is None else {"postgres": server.process.pid}
    parts = Parts(load=load, database=database, seeds=seeds, pids=pids)
    await seeds.tidy(database)
    await asyncio.to_thread(run_sql, server.admin_dsn, ["CHECKPOINT"])  # what copying left to be written is not idle
    tell("idle")
    idle_percent = await phases.idle_core_percent(parts)
    tell(f"{load.rate:,.0f} due a second for {load.seconds:g} s")
    steady = await phases.steady(parts)
    tell(f"{load.burst} due within one second")
    burst = await phases.burst(parts)
    tell("the backlog of an outage")
    backlog = await phases.backlog(parts)
    await database.close()
    return Disk(idle_core_percent=idle_percent, steady=steady, burst=burst, backlog=backlog)


def _open(dsn: Secret[str]) -> Database:
    return Database.open(dsn, application_name="bench", statement_timeout_ms=STATEMENT_TIMEOUT_MS)
