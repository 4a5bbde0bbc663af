"""`hashtill bench`: figures, measured on a suite of its own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hashtill_cli.bench.figures import show
from hashtill_cli.bench.pgbench import PgbenchError
from hashtill_cli.bench.plan import Load
from hashtill_cli.bench.run import BenchError, run_purchases
from hashtill_cli.commands.ending import ending_in_words, telling

WIDTH = 110
"""A table that is kept as text does not depend on the terminal it was made in."""

bench = typer.Typer(name="bench", help="Measure the suite on this machine.", no_args_is_help=True)


@bench.callback()
def figures() -> None:
    """Keep subcommands subcommands, even while there is only one."""


@bench.command()
def purchases(  # noqa: PLR0917 - typer's way to say options
    seconds: Annotated[float, typer.Option(help="The measured window.", min=1)] = 30,
    warm: Annotated[float, typer.Option(help="Seconds of the same load before it.", min=0)] = 5,
    members: Annotated[int, typer.Option(help="Cardmembers who are linked first and then buy.", min=1)] = 1_200,
    in_flight: Annotated[int, typer.Option(help="Purchases kept going at once (closed loop).", min=1)] = 400,
    rate: Annotated[float, typer.Option(help="Purchases begun a second instead (open loop).", min=0)] = 0,
    core: Annotated[bool, typer.Option("--core", help="X, mail and processor answered in process.")] = False,  # noqa: FBT002 - typer's way to say a flag
    pgbench: Annotated[int, typer.Option(help="Seconds of pgbench -N afterwards.", min=1)] = 8,
    save: Annotated[Path | None, typer.Option(help="Write the report there too.")] = None,
    data: Annotated[Path | None, typer.Option(help="Keep the run's data there; a fresh folder otherwise.")] = None,
) -> None:
    """Drive complete purchases through the whole suite: post, prompt, confirmation, charge, receipt by SMTP."""
    console = Console(width=WIDTH)
    load = Load(seconds=seconds, warm_seconds=warm, members=members, in_flight=in_flight, rate=rate, core=core)
    with ending_in_words(console, BenchError, PgbenchError, heading="No figure."):
        result = run_purchases(load, tell=telling(console), pgbench_seconds=pgbench, keep=data)
    if save is not None:
        with save.open("w") as file:
            show(result, Console(file=file, width=WIDTH))
    show(result, console)
    if not result.ok:
        raise typer.Exit(1)
