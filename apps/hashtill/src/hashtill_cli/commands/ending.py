"""How a command ends that could not start the suite, or not go on with it: one sentence and the remedy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from chassis.settings import SettingsError
from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.supervisor.forking import StartError


@contextmanager
def ending_in_words(
    console: Console, *also: type[Exception], heading: str = "Hashtill does not run."
) -> Iterator[None]:
    """Say what a person can mend, and end with 1; `also` names a command's own errors of that kind."""
    known: tuple[type[Exception], ...] = (EmbeddedServerError, StartError, SettingsError, *also)
    try:
        yield
    except known as problem:
        console.print(f"[bold red]{heading}[/bold red] {escape(str(problem))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def telling(console: Console) -> Callable[[str], None]:
    """Give what says a step of the start on the console; whatever is in it stays text."""
    return lambda step: console.print(f"  [dim]{escape(step)}[/dim]", highlight=False, soft_wrap=True)
