"""`hashtill up`: the suite on this machine until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hashtill_cli.commands.ending import ending_in_words, telling
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from hashtill_cli.suite.checker import with_checker
from hashtill_cli.suite.running import Suite, running_suite
from hashtill_cli.supervisor.memory import pss_mb

Data = Annotated[Path, typer.Option("--data", help="Where everything is kept.", show_default=True)]
"""The data folder, as every command that needs a suite takes it."""


def up(data: Data = Path(DEFAULT_NAME)) -> None:
    """Start PostgreSQL, NATS, the sandbox, the six services and the checker; Ctrl-C stops everything."""
    console = Console()
    beside = with_checker(data)
    with ending_in_words(console), running_suite(data, tell=telling(console), arrange=beside) as suite:
        if suite is not None:
            show(suite, console)
            suite.supervisor.run()
        console.print("Stopping …")


def show(suite: Suite, console: Console) -> None:
    """Print what runs where, how much memory it holds, and how long the start took."""
    table = Table("process", "address", "MB (PSS)", title="Hashtill is ready", title_justify="left")
    sizes = {name: pss_mb(pid) for name, pid in suite.pids().items()}
    for name, size in sizes.items():
        addresses = suite.book.processes.get(name, {})
        table.add_row(name, _addresses(addresses), f"{size:.0f}" if size is not None else "?")
    console.print(table)
    services = sum(size or 0 for name, size in sizes.items() if name in suite.book.databases)
    console.print(f"Ready in {suite.seconds_to_ready:.1f} s; the six services hold {services:.0f} MB (PSS).")
    console.print(f"Logs: {suite.book.logs}   Stop: Ctrl-C", highlight=False)


def _addresses(addresses: dict[str, str]) -> str:
    return "  ".join(f"{purpose} {at}" for purpose, at in addresses.items() if purpose != "health")
