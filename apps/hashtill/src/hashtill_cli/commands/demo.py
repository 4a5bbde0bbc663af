"""`hashtill demo`: watch a hashtag become a shipped order and every other way it can go, then try it yourself."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hashtill_cli.commands.ending import ending_in_words, telling
from hashtill_cli.commands.up import Data
from hashtill_cli.demo.pace import demo_variables
from hashtill_cli.demo.teller import Script, tell
from hashtill_cli.embedded.data_folder import DEFAULT_NAME
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.ports import require_free
from hashtill_cli.suite.running import Suite, running_suite
from hashtill_cli.supervisor.aside import Aside


def demo(
    data: Data = Path(DEFAULT_NAME),
    once: Annotated[bool, typer.Option("--once", help="End after the table; 0 if all was as it should be.")] = False,  # noqa: FBT002 - typer's way
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="The home page's port; 0 takes a free one.")
    ] = 0,
) -> None:
    """Start everything with minutes as seconds, tell one purchase, try every other, and stay with a home page."""
    console = Console()
    with ending_in_words(console):
        if port:
            require_free(port, for_what="the home page")
        with running_suite(data, tell=telling(console), extra=demo_variables()) as suite:
            code = _tell(suite, data, console, once=once, port=port) if suite is not None else 0
            console.print("Stopping …")
    raise typer.Exit(code)


def _tell(suite: Suite, data: Path, console: Console, *, once: bool, port: int) -> int:
    """Tell the script beside the suite; the suite is watched over meanwhile, and its services forked again."""
    script = Script(
        processes=suite.book.processes, keyring=Keyring(data.resolve()), console=console, once=once, port=port
    )
    console.print(f"Ready in {suite.seconds_to_ready:.1f} s.", highlight=False)
    aside = Aside(partial(tell, script))
    suite.supervisor.run(until=aside.has_ended)
    return aside.stop()
