"""The timers' report: both disks side by side, each figure with its target, and last the line of JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from hashtill_cli.bench.heading import machine
from hashtill_cli.bench.targets import Target, figures_table, missed
from hashtill_cli.bench.timers.load import TimersLoad
from hashtill_cli.bench.timers.machine import MAX_WAL_SIZE
from hashtill_cli.bench.timers.phases import Seen, late_ms

DISKS = {"fast": "", "fsync2ms": "_fsync2ms"}
"""Which suffix the figures of each disk have."""

TARGETS = tuple(
    target
    for suffix in DISKS.values()
    for target in (
        Target(figure=f"early{suffix}", at_most=0),
        Target(figure=f"late_p99_ms{suffix}", at_most=250),
        Target(figure=f"drain_seconds{suffix}", at_most=3),
        Target(figure=f"backlog_seconds{suffix}", at_most=10),
        Target(figure=f"idle_core_percent{suffix}", at_most=2),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the phases showed on one disk."""

    idle_core_percent: float
    steady: Seen
    burst: Seen
    backlog: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class TimersResult:
    """One run."""

    load: TimersLoad
    disks: Mapping[str, Disk]
    load_before: float
    """The machine's load average when the run began: above its own cores' number, others were measured too."""

    @property
    def ok(self) -> bool:
        """Whether nothing was early."""
        return not any(_early(disk) for disk in self.disks.values())


def figures_of(result: TimersResult) -> dict[str, Any]:
    """Give the line of JSON."""
    figures: dict[str, Any] = {"figure": "timers", "pending": result.load.pending}
    for name, disk in result.disks.items():
        figures |= {f"{figure}{DISKS[name]}": value for figure, value in _of_disk(disk).items()}
    figures |= {"rate": round(result.load.rate), "burst": result.load.burst, "seconds": result.load.seconds}
    figures |= {
        "replicas": result.load.replicas,
        "shared_buffers": result.load.shared_buffers,
        "max_wal_size": MAX_WAL_SIZE,
    }
    figures |= {"load_before": round(result.load_before, 1)}
    return {**figures, "targets_missed": missed(_targets(figures), figures), "ok": result.ok}


def show(result: TimersResult, console: Console) -> None:
    """Print it."""
    figures = figures_of(result)
    shown = {name: value for name, value in figures.items() if name not in {"figure", "ok", "targets_missed"}}
    console.print(figures_table("Deadlines in the order's row", shown, _targets(figures)))
    if result.ok:
        console.print("No order expired before its window, its slack and the network's watermark were over.")
    else:
        console.print("[bold red]Not right:[/bold red] orders expired early.", highlight=False)
    console.print(machine(), highlight=False)
    console.file.write(json.dumps(figures) + "\n")


def _of_disk(disk: Disk) -> dict[str, float]:
    return {
        "early": _early(disk),
        "late_p50_ms": late_ms(disk.steady, 50),
        "late_p99_ms": late_ms(disk.steady, 99),
        "late_max_ms": late_ms(disk.steady, 100),
        "drain_seconds": round(disk.burst.drained_seconds, 2),
        "backlog_seconds": round(disk.backlog.caught_up_seconds, 2),
        "backlog_orders": disk.backlog.fired,
        "idle_core_percent": round(disk.idle_core_percent, 2),
    }


def _early(disk: Disk) -> int:
    return sum(seen.early for seen in (disk.steady, disk.burst, disk.backlog))


def _targets(figures: Mapping[str, Any]) -> list[Target]:
    return [target for target in TARGETS if target.figure in figures]
