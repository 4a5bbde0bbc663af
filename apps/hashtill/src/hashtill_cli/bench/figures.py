"""The figures of a run: what was seen, put into the numbers and tables that are read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from hashtill_cli.bench.cpu import total
from hashtill_cli.bench.heading import machine
from hashtill_cli.bench.plan import Load
from hashtill_cli.embedded.servers import SERVICES

SERVERS = ("postgres", "nats")
OURS = (*SERVICES, *SERVERS)
"""What serves purchases; sandbox and generator stand for the outside world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run."""

    load: Load
    seen: Mapping[str, Any]
    pgbench_tps: float
    problems: Sequence[str]

    @property
    def ok(self) -> bool:
        """Whether nothing was lost or doubled."""
        return not self.problems


def figures_of(result: Result) -> dict[str, Any]:
    """Give the line of JSON."""
    seen, pace = result.seen, result.seen["pace"]
    ours = total(seen["cpu_seconds"], OURS)
    return {
        "figure": "purchases-core" if result.load.core else "purchases",
        "purchases_per_second": round(pace["per_second"], 1),
        "purchases_per_cpu_second": round(pace["ended"] / ours, 1) if ours else 0.0,
        "reply_p50_ms": round(pace["reply_p50_ms"]),
        "reply_p99_ms": round(pace["reply_p99_ms"]),
        "receipt_p50_ms": round(pace["receipt_p50_ms"]),
        "receipt_p99_ms": round(pace["receipt_p99_ms"]),
        "pgbench_tps": round(result.pgbench_tps),
        "ratio_to_pgbench": round(pace["per_second"] / result.pgbench_tps, 3) if result.pgbench_tps else 0.0,
        "pss_mb": round(total(seen["pss_mb"], SERVICES)),
        "seconds": round(seen["window_seconds"], 1),
        "purchases": pace["ended"],
        "in_flight": result.load.in_flight,
        "rate": result.load.rate,
        "unfinished": seen["unfinished"],
        "ok": result.ok,
    }


def show(result: Result, console: Console) -> None:
    """Print the tables, what did not agree, the machine, and last the line of JSON."""
    figures = figures_of(result)
    wires = "wires answered in process" if result.load.core else "all wires real"
    console.print(_figures_table(figures, title=f"Complete purchases, {wires}"))
    console.print(_cpu_table(result))
    for problem in result.problems:
        console.print(f"[bold red]Not right:[/bold red] {problem}", highlight=False)
    if result.ok:
        console.print(f"Nothing lost, nothing doubled: {result.seen['ended']} orders, charges and receipts agree.")
    console.print(machine(), highlight=False)
    console.file.write(json.dumps(figures) + "\n")


def _figures_table(figures: Mapping[str, Any], *, title: str) -> Table:
    table = Table("figure", "value", title=title, title_justify="left")
    table.columns[1].justify = "right"
    for name, value in figures.items():
        if name not in {"figure", "ok"}:
            table.add_row(name, f"{value:,}")
    return table


def _cpu_table(result: Result) -> Table:
    cpu, memory = result.seen["cpu_seconds"], result.seen["pss_mb"]
    seconds, ended = result.seen["window_seconds"], max(1, result.seen["pace"]["ended"])
    table = Table("process", "CPU s", "cores", "ms a purchase", "MB (PSS)", title="CPU apart", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for name in sorted(cpu, key=lambda each: (each not in SERVICES, each not in SERVERS, each)):
        table.add_row(name, *_cells(cpu[name], seconds, ended), f"{memory[name]:.0f}")
    for name, members in (("ours", OURS), ("all", tuple(cpu))):
        table.add_row(name, *_cells(total(cpu, members), seconds, ended), f"{total(memory, members):.0f}", style="bold")
    return table


def _cells(used: float, seconds: float, ended: int) -> tuple[str, str, str]:
    return f"{used:.1f}", f"{used / seconds:.2f}", f"{used / ended * 1_000:.2f}"
