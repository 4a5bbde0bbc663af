"""Printing a check: a line an invariant, then every breach with its ids and its order's story."""

import json
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from hashtill.orders.v1 import orders_service_pb2 as pb
from hashtill_cli.checking.run import Check
from hashtill_cli.checking.verdict import Verdict
from hashtill_cli.commands.orders_tables import steps_table

BREACHES_SHOWN = 20
"""Of one invariant; `--json` gives all that are kept."""


def print_check(check: Check, stories: Mapping[str, pb.ExplainOrderResponse], console: Console) -> None:
    """Write it for people."""
    for verdict in check.verdicts:
        console.print(_line(verdict), soft_wrap=True)
        for breach in verdict.breaches[:BREACHES_SHOWN]:
            console.print(Text(f"      {breach.what}  {' '.join(breach.ids)}"), soft_wrap=True)
        if verdict.broken > BREACHES_SHOWN:
            console.print(f"      … {verdict.broken - BREACHES_SHOWN} more")
    for order_id, story in stories.items():
        console.print(f"\nThe story of order {order_id}", highlight=False)
        console.print(steps_table(story.steps))
    for what, number in check.moving.items():
        console.print(f"Still moving: {number} {what}.", highlight=False)


def json_lines(check: Check, stories: Mapping[str, pb.ExplainOrderResponse]) -> Iterator[str]:
    """Write it for programs: one object an invariant."""
    for verdict in check.verdicts:
        breaches = [
            {"what": each.what, "ids": each.ids, "order_id": each.order_id, "story": _story(each.order_id, stories)}
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


def _story(order_id: str | None, stories: Mapping[str, pb.ExplainOrderResponse]) -> list[dict[str, str]]:
    steps = stories[order_id].steps if order_id is not None and order_id in stories else ()
    return [{"at": step.at.ToJsonString(), "cause": step.cause, "detail": step.detail} for step in steps]
