"""The console tables are printed on: a terminal's own width, or wide enough for a file."""

from rich.console import Console

FILE_WIDTH = 160
"""Columns when nobody watches: a file or a pipe has no edge, and an id cut short is no id."""


def console() -> Console:
    """Give the console tables are printed on."""
    found = Console()
    return found if found.is_terminal else Console(width=FILE_WIDTH)
