"""Printing a check: a line an invariant, then every breach with its ids and its order's story."""

import json
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hashtill_cli.checking.run import Check
from hashtill_cli.checking.stories import StoryStep
from hashtill_cli.checking.verdict import Verdict

BREACHES_SHOWN = 20
"""Of one invariant; `--json` gives all that are kept."""


def print_check(check: Check, console: Console) -> None:
    """Write it for people."""
    for verdict in check.verdicts:
        console.print(_line(verdict), soft_wrap=True)
        for breach in verdict.breaches[:BREACHES_SHOWN]:
            console.print(Text(f"      {breach.what}  {' '.join(breach.ids)}"), soft_wrap=True)
        if verdict.broken > BREACHES_SHOWN:
            console.print(f"      … {verdict.broken - BREACHES_SHOWN} more")
    for order_id, steps in check.stories.items():
        console.print(f"\nThe story of order {order_id}", highlight=False)
        console.print(_steps_table(steps))
    for what, number in check.moving.items():
        console.print(f"Still moving: {number} {what}.", highlight=False)


def json_lines(check: Check) -> Iterator[str]:
    """Write it for programs: one object an invariant."""
    for verdict in check.verdicts:
        breaches = [
            {"what": each.what, "ids": each.ids, "order_id": each.order_id, "story": _story(check, each.order_id)}
            for each in verdict.breaches
        ]
        yield json.dumps(
            {
                "invariant": verdict.invariant,
                "title": verdict.title,
                "holds": verdict.holds,
                "broken": verdict.broken,
                "counts": dict(verdict.counts),
                "left_out": dict(verdict.left_out),
                "breaches": breaches,
                "moving": dict(check.moving),
            }
        )


def _line(verdict: Verdict) -> Text:
    mark = ("✓", "green") if verdict.holds else (f"✗ {verdict.broken}", "bold red")
    counted = ", ".join(f"{number} {what}" for what, number in verdict.counts.items())
    left_out = "".join(f"; not judged: {number} {what}" for what, number in verdict.left_out.items())
    return Text.assemble(f"{verdict.invariant:>4} ", mark, f"  {verdict.title}  ", (f"({counted}{left_out})", "dim"))


def _steps_table(steps: Sequence[StoryStep]) -> Table:
    table = Table("at (UTC)", "cause", "state", "what happened", "trace")
    for step in steps:
        table.add_row(f"{step.at:%H:%M:%S.%f}"[:-3], step.cause, step.to_state, step.detail, step.trace_id)
    return table


def _story(check: Check, order_id: str | None) -> list[dict[str, str]]:
    steps = check.stories.get(order_id or "", ())
    return [{"at": step.at.isoformat(), "cause": step.cause, "detail": step.detail} for step in steps]
