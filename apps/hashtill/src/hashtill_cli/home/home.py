"""The home page of a running demo: where everything is, and what to try."""

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console

from hashtill_cli.embedded.ports import LOOPBACK

_HERE = Path(__file__).parent

SHUTDOWN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The addresses it shows."""

    timeline: str
    favorites: str
    link: str
    mailbox: str
    order: str
    ledger: str
    parcels: str


async def serve_home(home: Home, *, port: int, console: Console) -> None:
    """Show the page until cancelled; port 0 takes a free one."""
    runner = web.AppRunner(home_site(home), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
        at = runner.addresses[0][1]
        console.print(f"\n[bold]Now you:[/bold] http://{LOOPBACK}:{at}/   (Ctrl-C ends it)", highlight=False)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def home_site(home: Home) -> web.Application:
    """Build the site: one page and its style."""
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    page = templates.get_template("home.html").render(asdict(home))

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", charset="utf-8")

    app = web.Application()
    app.add_routes([web.get("/", show), web.static("/static", _HERE / "static")])
    return app
