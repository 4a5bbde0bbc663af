"""The narrator: prints what happens, line by line, each with who did it and when; plain where there is no terminal."""

import asyncio
import time
import zlib

from rich.console import Console
from rich.markup import escape

WHO_WIDTH = 10

TICK_SECONDS = 0.25

_COLOURS = ("dark_cyan", "dark_magenta", "dark_green", "dark_orange3", "purple4", "deep_pink4")

_SERVICE_COLOURS = {
    "gateway": "cyan",
    "identity": "magenta",
    "offers": "yellow",
    "orders": "bright_blue",
    "payments": "green",
    "notifier": "bright_magenta",
    "merchant": "bright_yellow",
    "✓": "green",
    "✗": "red",
}


class Narrator:
    """Tells a story on a console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()

    def begin(self) -> None:
        """Start the clock of a story."""
        self._began = time.monotonic()

    def chapter(self, title: str, words: str = "") -> None:
        """Begin a chapter."""
        self.console.print()
        self.console.print(f"[bold]{escape(title)}[/bold]")
        if words:
            self.console.print(f"[dim]{escape(words)}[/dim]", highlight=False)
        self.console.print()

    def did(self, service: str, words: str) -> None:
        """Tell what a service did."""
        colour = _SERVICE_COLOURS.get(service, "white")
        self._line(f"[{colour}]{service:>{WHO_WIDTH}}[/{colour}]", f"[dim]{escape(words)}[/dim]")

    def posted(self, handle: str, words: str, *, service: str = "") -> None:
        """Show a post as people see it; `service` is who wrote it, when one of ours did."""
        colour = _COLOURS[zlib.crc32(handle.encode()) % len(_COLOURS)]
        face = f"[bold white on {colour}] {escape(handle[:2].upper())} [/]"
        by = f" [dim](by {service})[/dim]" if service else ""
        self._line(f"{'':>{WHO_WIDTH - 4}}{face}", f"[bold]@{escape(handle)}[/bold]{by}")
        for line in words.splitlines():
            self._line("", escape(line))

    def mailed(self, address: str, subject: str) -> None:
        """Show a mail that arrived."""
        self.did("notifier", f"mail to {address}:")
        self._line("", f"✉  {escape(subject)}")

    async def count_down(self, words: str, *, ends_at: float, seconds: float) -> None:
        """Let a countdown tick for so many seconds; `ends_at` is its end, in Unix seconds."""
        until = time.monotonic() + seconds
        if not self.console.is_terminal:
            self._line("", f"⏳ {words} {ends_at - time.time():.0f} s")
            await asyncio.sleep(seconds)
            return
        with self.console.status("") as status:
            while time.monotonic() < until:
                status.update(f"{words} [bold]{ends_at - time.time():.0f} s[/bold]")
                await asyncio.sleep(TICK_SECONDS)

    def _line(self, who: str, words: str) -> None:
        at = f"[dim]{time.monotonic() - self._began:5.1f} s[/dim]" if who else " " * 7
        self.console.print(f"{at} {who or ' ' * WHO_WIDTH}  {words}", highlight=False, soft_wrap=True)
