"""The `hashtill` command: every subcommand is a file in `commands/`, listed here."""

import typer

from hashtill_cli.commands.bench import bench
from hashtill_cli.commands.check import check
from hashtill_cli.commands.dead import dead
from hashtill_cli.commands.demo import demo
from hashtill_cli.commands.link import link
from hashtill_cli.commands.offers import offers
from hashtill_cli.commands.orders import orders
from hashtill_cli.commands.post import post
from hashtill_cli.commands.up import up

app = typer.Typer(
    name="hashtill",
    help="Paying and rewarding by hashtag: run the suite on this machine and look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(demo)
app.command()(up)
app.command()(post)
app.command()(check)
app.add_typer(orders)
app.add_typer(offers)
app.add_typer(link)
app.add_typer(dead)
app.add_typer(bench)


@app.callback()
def hashtill() -> None:
    """Keep subcommands subcommands, even while there is only one."""


def run() -> None:
    """Run the command line."""
    app()
