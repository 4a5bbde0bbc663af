"""`hashtill bench`: figures, measured on a suite of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from hashtill_cli.bench import figures
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.heading import heading
from hashtill_cli.bench.pgbench import PgbenchError
from hashtill_cli.bench.plan import Load
from hashtill_cli.bench.relay import report as relay_report
from hashtill_cli.bench.relay.load import RelayLoad
from hashtill_cli.bench.relay.run import run_relay
from hashtill_cli.bench.run import run_purchases
from hashtill_cli.bench.timers import report as timers_report
from hashtill_cli.bench.timers.load import TimersLoad
from hashtill_cli.bench.timers.run import run_timers
from hashtill_cli.commands.ending import ending_in_words, telling

WIDTH = 110
"""A table that is kept as text does not depend on the terminal it was made in."""

Save = Annotated[Path | None, typer.Option(help="Write the report there too.")]
Data = Annotated[Path | None, typer.Option(help="Keep the run's data there; a fresh folder otherwise.")]
Pgbench = Annotated[int, typer.Option(help="Seconds of pgbench -N afterwards.", min=1)]

R = TypeVar("R")

bench = typer.Typer(name="bench", help="Measure the suite on this machine.", no_args_is_help=True)


@bench.command()
def purchases(  # noqa: PLR0917 - typer's way to say options
    seconds: Annotated[float, typer.Option(help="The measured window.", min=1)] = 30,
    warm: Annotated[float, typer.Option(help="Seconds of the same load before it.", min=0)] = 5,
    members: Annotated[int, typer.Option(help="Cardmembers who are linked first and then buy.", min=1)] = 1_200,
    in_flight: Annotated[int, typer.Option(help="Purchases kept going at once (closed loop).", min=1)] = 400,
    rate: Annotated[float, typer.Option(help="Purchases begun a second instead (open loop).", min=0)] = 0,
    core: Annotated[bool, typer.Option("--core", help="X, mail and processor answered in process.")] = False,  # noqa: FBT002 - typer's way to say a flag
    checker: Annotated[bool, typer.Option("--checker", help="Let the checker follow, as `up` does.")] = False,  # noqa: FBT002 - as above
    pgbench: Pgbench = 8,
    save: Save = None,
    data: Data = None,
) -> None:
    """Drive complete purchases through the whole suite: post, prompt, confirmation, charge, receipt by SMTP."""
    console = Console(width=WIDTH)
    load = Load(
        seconds=seconds,
        warm_seconds=warm,
        members=members,
        in_flight=in_flight,
        rate=rate,
        core=core,
        checker=checker,
    )
    with ending_in_words(console, BenchError, PgbenchError, heading="No figure."):
        result = run_purchases(load, tell=telling(console), pgbench_seconds=pgbench, keep=data)
    _report(result, figures.show, console, save=save, ok=result.ok)


@bench.command()
def relay(  # noqa: PLR0917 - as above
    seconds: Annotated[float, typer.Option(help="The measured window.", min=1)] = 20,
    warm: Annotated[float, typer.Option(help="Seconds of the same load before it.", min=0)] = 3,
    writers: Annotated[int, typer.Option(help="Transactions going on at once.", min=1)] = 4,
    batch: Annotated[int, typer.Option(help="Events a transaction.", min=1, max=500)] = 100,
    pgbench: Pgbench = 5,
    save: Save = None,
    data: Data = None,
) -> None:
    """Carry events from the outbox into the stream, every one synced to the disk; then compare both sides."""
    console = Console(width=WIDTH)
    load = RelayLoad(seconds=seconds, warm_seconds=warm, writers=writers, batch=batch)
    with ending_in_words(console, BenchError, PgbenchError, heading="No figure."):
        result = run_relay(load, tell=telling(console), pgbench_seconds=pgbench, keep=data)
    _report(result, relay_report.show, console, save=save, ok=result.ok)


@bench.command()
def timers(  # noqa: PLR0917 - as above
    pending: Annotated[int, typer.Option(help="Orders that wait; all else in proportion.", min=1)] = 1_000_000,
    seconds: Annotated[float, typer.Option(help="How long orders come due at the steady rate.", min=1)] = 30,
    idle: Annotated[float, typer.Option(help="Seconds in which nothing is due.", min=1)] = 10,
    replicas: Annotated[int, typer.Option(help="Processes of orders that expire.", min=1)] = 1,
    shared_buffers: Annotated[str, typer.Option(help="PostgreSQL's memory.")] = "1GB",
    slow_disk: Annotated[bool, typer.Option(help="Everything again with a 2 ms fsync.")] = True,  # noqa: FBT002 - as above
    save: Save = None,
    data: Data = None,
) -> None:
    """Let orders' deadlines pass: steadily, all at once, and after an outage; never early, hardly late."""
    console = Console(width=WIDTH)
    load = TimersLoad(
        pending=pending, seconds=seconds, idle_seconds=idle, replicas=replicas, shared_buffers=shared_buffers
    )
    with ending_in_words(console, BenchError, heading="No figure."):
        result = run_timers(load, tell=telling(console), slow=slow_disk, keep=data)
    _report(result, timers_report.show, console, save=save, ok=result.ok)


def _report(result: R, show: Callable[[R, Console], None], console: Console, *, save: Path | None, ok: bool) -> None:
    if save is not None:
        with save.open("w") as file:
            file.write(f"{heading('hashtill')}\n\n")
            show(result, Console(file=file, width=WIDTH))
    show(result, console)
    if not ok:
        raise typer.Exit(1)
