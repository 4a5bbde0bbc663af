"""The timers' figure: what counts as early, late and caught up, the slow disk, and a small run of the whole."""

import asyncio
import io
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.timers.expiring import Lateness
from hashtill_cli.bench.timers.judging import Fired, Heard, caught_up_at, due_at, early, late_percentile
from hashtill_cli.bench.timers.load import TimersLoad
from hashtill_cli.bench.timers.machine import SlowDisk, compiled, on_machine
from hashtill_cli.bench.timers.phases import Seen
from hashtill_cli.bench.timers.report import DISKS, Disk, TimersResult, show
from hashtill_cli.bench.timers.seeding import Seeds
from hashtill_cli.embedded.data_folder import data_folder
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.postgres import embedded_postgres
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret

RUN_SECONDS_MAX = 110.0
KEYS = {"early", "late_p99_ms", "drain_seconds", "backlog_seconds", "idle_core_percent"}


class TestEarly:
    def test_on_time_is_not_early(self) -> None:
        fired = [Fired(due_at=10, fired_at=10.1), Fired(due_at=11, fired_at=11.1)]

        assert early(fired, [Heard(written_at=10, up_to=10), Heard(written_at=11, up_to=11)]) == 0

    def test_before_the_window_and_its_slack_are_over_is_early(self) -> None:
        assert early([Fired(due_at=10, fired_at=9.999)], [Heard(written_at=9, up_to=20)]) == 1

    def test_before_the_network_is_read_up_to_then_is_early(self) -> None:
        fired = [Fired(due_at=10, fired_at=12)]

        assert early(fired, [Heard(written_at=11, up_to=9.999), Heard(written_at=13, up_to=13)]) == 1
        assert early(fired, [Heard(written_at=11, up_to=10), Heard(written_at=13, up_to=13)]) == 0

    def test_with_no_watermark_at_all_is_early(self) -> None:
        assert early([Fired(due_at=10, fired_at=99)], []) == 1


class TestLate:
    def test_a_backlog_is_gone_when_nothing_is_overdue_any_more(self) -> None:
        overdue = [Fired(due_at=due, fired_at=101 + due / 100) for due in range(100)]
        later = [Fired(due_at=101.5, fired_at=102.5), Fired(due_at=150, fired_at=160)]

        assert caught_up_at([*later, *overdue], since=100) == 102.5

    def test_without_a_backlog_it_is_gone_at_once(self) -> None:
        assert caught_up_at([Fired(due_at=100, fired_at=100.2)], since=100) == 100

    @pytest.mark.parametrize(("percent", "expected"), [(50, 2), (99, 3), (100, 900)])
    def test_a_percentile_is_a_lateness_that_was_seen(self, percent: int, expected: int) -> None:
        assert late_percentile(Counter({1: 40, 2: 30, 3: 29, 900: 1}), percent) == expected
        assert late_percentile(Counter(), percent) == 0

    def test_what_is_due_at_the_very_microsecond_of_a_watermark_is_covered_by_it(self) -> None:
        window_end, slack = datetime(2026, 11, 27, 22, 30, 0, 1, UTC), timedelta(seconds=60, microseconds=3)
        instants = [window_end + timedelta(microseconds=step) for step in range(1_000)]
        marks = [Heard(written_at=(at + slack).timestamp(), up_to=(at + slack).timestamp()) for at in instants]

        fired = [
            Fired(due_at=due_at(at.timestamp(), slack.total_seconds()), fired_at=(at + slack).timestamp())
            for at in instants
        ]

        assert early(fired, marks) == 0

    def test_lateness_is_counted_from_the_end_of_window_and_slack(self) -> None:
        slack, now = timedelta(seconds=60), datetime.now(UTC)
        lateness = Lateness(slack)

        lateness.note([now - slack - timedelta(hours=1)], now)

        (late_ms,) = lateness.late_ms
        assert 3_600_000 <= late_ms < 3_660_000


@pytest.mark.servers
async def test_copies_are_orders_that_await_their_confirmation(fresh_database: FreshDatabase) -> None:
    dsn = Secret(await asyncio.to_thread(fresh_database, "timers", lambda dsn: asyncio.run(_migrated(dsn))))
    database, seeds = Database.open(dsn, application_name="test"), Seeds()

    await seeds.begin(database)
    first_at = await seeds.add(database, 300, within_seconds=30)
    await seeds.add(database, 200, within_seconds=30, in_seconds=900)

    async with database.transaction() as connection:
        (row,) = await fetch_unnest(connection, _SEEDED)
    await database.close()
    assert (row["orders"], row["members"], row["tags"]) == (501, 501, 501)
    assert row["first_at"] == first_at


@pytest.mark.servers
def test_a_slow_disk_syncs_slowly_and_keeps_what_was_written(open_folder: Path, houses: Path) -> None:
    with (
        data_folder(open_folder) as data,
        embedded_postgres(data, keyring=Keyring(data), houses=houses, throwaway=True) as server,
    ):
        library = compiled(server.cluster.parent)
        usual = asyncio.run(_fastest_commit(server.admin_dsn))
        with on_machine(server, shared_buffers="64MB", slow=SlowDisk(library=library, microseconds=50_000)):
            slow = asyncio.run(_fastest_commit(server.admin_dsn))
        again = asyncio.run(_fastest_commit(server.admin_dsn))

    assert slow >= 0.05
    assert max(usual, again) < slow


def test_a_machine_without_a_compiler_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="Install one"):
        compiled(tmp_path, compilers=("no-such-compiler",))


def test_both_disks_stand_in_the_last_line_and_early_orders_are_not_right() -> None:
    file = io.StringIO()
    seen = Seen(fired=9, early=0, late_ms=Counter({7: 9}), caught_up_seconds=1.5, drained_seconds=2.25)
    bad = Seen(fired=9, early=1, late_ms=Counter({300: 9}), caught_up_seconds=11, drained_seconds=4)
    disks = {
        "fast": Disk(idle_core_percent=1.234, steady=seen, burst=seen, backlog=seen),
        "fsync2ms": Disk(idle_core_percent=3, steady=bad, burst=bad, backlog=bad),
    }
    result = TimersResult(load=TimersLoad(), disks=disks, load_before=3.21)

    show(result, Console(file=file, width=110))

    figures = json.loads(file.getvalue().splitlines()[-1])
    assert [figures[key] for key in sorted(KEYS)] == [1.5, 2.25, 0, 1.23, 7]
    assert figures["targets_missed"] == [f"{key}_fsync2ms" for key in _IN_ORDER]
    assert figures["early_fsync2ms"] == 3
    assert not figures["ok"]


@pytest.mark.servers
def test_a_small_run_ends_with_its_figures_and_nothing_early() -> None:
    sizes = ["--pending", "3000", "--seconds", "1", "--idle", "1"]

    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "hashtill_cli", "bench", "timers", *sizes, "--no-slow-disk"],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])
    assert set(figures) >= KEYS
    assert not any(suffix and f"early{suffix}" in figures for suffix in DISKS.values())
    assert (figures["pending"], figures["early"], figures["ok"]) == (3_000, 0, True)
    assert figures["backlog_orders"] > 0


_IN_ORDER = ("early", "late_p99_ms", "drain_seconds", "backlog_seconds", "idle_core_percent")

_SEEDED = """
SELECT count(*) AS orders, count(DISTINCT cardmember_id) AS members, count(DISTINCT confirmation_tag) AS tags,
    min(deadline_at) AS first_at
FROM orders WHERE state = 'AWAITING_CONFIRMATION' AND deadline_at = confirm_by
"""


async def _migrated(dsn: str) -> None:
    await run_migrations(Secret(dsn), package="orders")
    database = Database.open(Secret(dsn), application_name="test")
    await Maintenance(database).run_once()
    await database.close()


async def _fastest_commit(dsn: Secret[str]) -> float:
    database, loop = Database.open(dsn, application_name="test"), asyncio.get_running_loop()
    took = []
    async with database.transaction() as connection:
        await fetch_unnest(connection, "CREATE TABLE IF NOT EXISTS written (n int)")
    for _ in range(5):
        began_at = loop.time()
        async with database.transaction() as connection:
            await fetch_unnest(connection, "INSERT INTO written VALUES (1)")
        took.append(loop.time() - began_at)
    await database.close()
    return min(took)
