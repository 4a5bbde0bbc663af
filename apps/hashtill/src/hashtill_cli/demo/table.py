"""The table at the end: every story, how it ended and how long it took; a failed one with its order's whole log."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hashtill.orders.v1 import orders_service_pb2
from hashtill_cli.scenarios.outcome import Outcome
from hashtill_cli.scenarios.world.services import Services, state_name

POSTS_SHOWN_MAX = 5
"""A story has a few posts; the one with ten buyers need not print them all."""


def outcomes_table(outcomes: Sequence[Outcome]) -> Table:
    """Show scenario, outcome and seconds."""
    table = Table("scenario", "outcome", "seconds", title_justify="left")
    table.columns[2].justify = "right"
    for outcome in outcomes:
        table.add_row(outcome.title, _verdict(outcome), f"{outcome.seconds:.1f}")
    return table


async def explain_failed(outcomes: Sequence[Outcome], services: Services, console: Console) -> None:
    """Print what was not as it should be, and the orders' own story of it."""
    for outcome in outcomes:
        if outcome.holds:
            continue
        console.print(f"\n[bold red]✗ {escape(outcome.title)}[/bold red]")
        if outcome.problem:
            console.print(f"  {escape(outcome.problem)}", highlight=False)
        for finding in outcome.failed:
            line = f"  {finding.what}: expected {finding.expected!r}, seen {finding.seen!r}"
            console.print(escape(line), highlight=False)
        for post_id in outcome.posts[:POSTS_SHOWN_MAX]:
            story = await services.explain(post_id)
            console.print(f"  ExplainOrder of post {post_id}:", highlight=False)
            for line in story_lines(story):
                console.print(f"    {escape(line)}", highlight=False)


def story_lines(story: orders_service_pb2.ExplainOrderResponse | None) -> list[str]:
    """Write an order's story, a step a line."""
    if story is None:
        return ["orders has never heard of it"]
    steps = [
        f"{step.at.ToDatetime():%H:%M:%S.%f} {step.cause:<18} {state_name(step.to_state):<22} {step.detail}"
        for step in story.steps
    ]
    verdicts = [
        f"{verdict.decided_at.ToDatetime():%H:%M:%S.%f} post {verdict.post_id}: {verdict.verdict} {verdict.reason}"
        for verdict in story.verdicts
    ]
    return [*steps, *verdicts]


def _verdict(outcome: Outcome) -> str:
    if outcome.holds:
        return "[green]✓ as it should be[/green]"
    return f"[red]✗ {escape(outcome.problem or ', '.join(finding.what for finding in outcome.failed))}[/red]"
