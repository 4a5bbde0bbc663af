"""The relay's report: figures, CPU apart, what does not agree, and last the line of JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from hashtill_cli.bench.heading import machine
from hashtill_cli.bench.relay.load import RelayLoad
from hashtill_cli.bench.targets import Target, figures_table, missed

TARGETS = (Target(figure="events_per_second", at_least=10_000),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayResult:
    """One run."""

    load: RelayLoad
    events: int
    seconds: float
    cpu_seconds: Mapping[str, float]
    single_publishes_per_second: float
    pgbench_tps: float
    problems: Sequence[str]
    compared: int
    load_before: float
    """The machine's load average when the run began: above its own cores' number, others were measured too."""

    @property
    def ok(self) -> bool:
        """Whether stream and outbox agree."""
        return not self.problems


def figures_of(result: RelayResult) -> dict[str, Any]:
    """Give the line of JSON."""
    a_second = result.events / result.seconds
    figures: dict[str, Any] = {
        "figure": "relay",
        "events_per_second": round(a_second),
        "cpu_us_an_event": round(sum(result.cpu_seconds.values()) / max(1, result.events) * 1e6, 1),
        **{f"{name}_cores": round(used / result.seconds, 2) for name, used in result.cpu_seconds.items()},
        "single_publishes_per_second": round(result.single_publishes_per_second),
        "pgbench_tps": round(result.pgbench_tps),
        "ratio_to_single_publishes": round(a_second / max(1.0, result.single_publishes_per_second), 2),
        "ratio_to_pgbench": round(a_second / max(1.0, result.pgbench_tps), 2),
        "seconds": round(result.seconds, 1),
        "events": result.events,
        "compared": result.compared,
        "writers": result.load.writers,
        "batch": result.load.batch,
        "load_before": round(result.load_before, 1),
    }
    return {**figures, "targets_missed": missed(TARGETS, figures), "ok": result.ok}


def show(result: RelayResult, console: Console) -> None:
    """Print it."""
    figures = figures_of(result)
    shown = {name: value for name, value in figures.items() if name not in {"figure", "ok", "targets_missed"}}
    console.print(figures_table("Outbox to stream, every message synced", shown, TARGETS))
    console.print(_cpu_table(result))
    for problem in result.problems:
        console.print(f"[bold red]Not right:[/bold red] {problem}", highlight=False)
    if result.ok:
        console.print(f"Outbox and stream agree: {result.compared} events, each once, in order within its aggregate.")
    console.print(machine(), highlight=False)
    console.file.write(json.dumps(figures) + "\n")


def _cpu_table(result: RelayResult) -> Table:
    table = Table("process", "CPU s", "cores", "us an event", title="CPU apart", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, used in result.cpu_seconds.items():
        an_event = used / max(1, result.events) * 1e6
        table.add_row(name, f"{used:.1f}", f"{used / result.seconds:.2f}", f"{an_event:.1f}")
    return table
