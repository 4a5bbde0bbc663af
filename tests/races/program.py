"""The races as a program: `make races ORDERS=100000` prints a table, and fails when a history does not hold."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.races.campaign import Results, race_orders
from tests.races.ground import POOL_SIZE, migrate

from chassis.logs import configure_logs
from chassis.postgres import Database
from hashtill_cli.bench.heading import heading
from hashtill_cli.embedded.databases import service_dsns
from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.postgres import embedded_postgres
from kernel.secret import Secret

WIDTH = 110
BREACHES_SHOWN = 20
SEED = 20_261_127


def main() -> int:
    """Race, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    configure_logs(service="races", level="ERROR")
    console = Console(width=WIDTH)
    folder = Path(tempfile.mkdtemp(prefix="hashtill-races-"))
    folder.chmod(PASSABLE)
    keyring = Keyring(folder)
    try:
        with embedded_postgres(folder, keyring=keyring, throwaway=True) as server:
            dsn = service_dsns(server, keyring=keyring, services=["orders"])["orders"]
            migrate(dsn.reveal())
            results = asyncio.run(_race(dsn, orders=asked.orders, seed=asked.seed, console=console))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(results, console)
    return 1 if results.broken else 0


def show(results: Results, console: Console) -> None:
    """Print the table and what does not hold."""
    console.print(f"{heading('python -m tests.races.program')}\n", highlight=False, soft_wrap=True)
    table = Table("confirmations around the end of the window", "", title=f"Races, seed {results.seed}")
    table.columns[1].justify = "right"
    for name, value in _rows(results).items():
        table.add_row(name, value)
    console.print(table)
    for sentence in results.broken[:BREACHES_SHOWN]:
        console.print(f"[bold red]Not right:[/bold red] {sentence}", highlight=False, soft_wrap=True)
    if not results.broken:
        console.print(
            f"Every history holds: {results.orders:,} orders, each confirmed once or expired once, none both."
        )


def _rows(results: Results) -> dict[str, str]:
    counts = results.counts
    return {
        "orders": f"{results.orders:,}",
        "confirmed, paid for": f"{counts['confirmed']:,}",
        "expired": f"{counts['expired']:,}",
        "in time by id and at most 60 s late: all honoured": f"{counts['had to be honoured']:,}",
        "every post late by id: none honoured": f"{counts['were late']:,}",
        "posts and watermarks delivered": f"{counts['posts']:,}",
        "delivered again or to two at once": f"{counts['copies']:,}",
        "histories that do not hold": f"{len(results.broken):,}",
        "orders a second, prepared, raced and checked": f"{results.orders / results.seconds:,.0f}",
        "orders a second in the race alone": f"{results.orders / results.racing_seconds:,.0f}",
    }


async def _race(dsn: Secret[str], *, orders: int, seed: int, console: Console) -> Results:
    database = Database.open(dsn, application_name="races", pool_size=POOL_SIZE)
    try:
        return await race_orders(
            database, orders=orders, seed=seed, tell=lambda words: console.print(f"  [dim]{words}[/dim]")
        )
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(main())
