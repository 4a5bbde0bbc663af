"""Join the card network's parts and serve them until told to stop."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from sandbox.cardnet.book import Book
from sandbox.cardnet.faults import Faults
from sandbox.cardnet.http_api import Api
from sandbox.cardnet.http_exchange import problems_as_json
from sandbox.cardnet.http_page import Page
from sandbox.cardnet.issuer import Holds, Issuer
from sandbox.cardnet.operations import ANSWERS_PER_AUTHORIZATION, Operations
from sandbox.cardnet.settings import Settings
from sandbox.cardnet.tokens import TokenSealer

BODY_MAX_BYTES = 1024 * 1024  # 200 items of a few hundred bytes, with room
SHUTDOWN_SECONDS = 1.0  # withheld answers end with the process

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cardnet:
    """A running card network: where it listens, and how to stop it."""

    url: str
    runner: web.AppRunner

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self.runner.cleanup()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    cardnet = await start(settings)
    logger.info("cardnet_ready %s", cardnet.url)
    try:
        await stop.wait()
    finally:
        await cardnet.stop()


async def start(settings: Settings) -> Cardnet:
    """Open the port; port 0 takes a free one, which `url` then names."""
    runner = web.AppRunner(
        build_app(settings), access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    host, _, port = settings.listen.rpartition(":")
    await web.TCPSite(runner, host, int(port)).start()
    bound_host, bound_port = runner.addresses[0][:2]
    return Cardnet(url=f"http://{bound_host}:{bound_port}", runner=runner)


def build_app(settings: Settings) -> web.Application:
    """Build the parts; nothing is opened yet."""
    book = Book(authorizations_max=settings.authorizations_max)
    faults = Faults()
    issuer = Issuer(
        book=book,
        sealer=TokenSealer(api_key=settings.api_key.get_secret_value()),
        holds=Holds(
            usual=timedelta(seconds=settings.authorization_hold_seconds),
            lapsing=timedelta(seconds=settings.lapse_seconds),
        ),
    )
    answers_max = settings.authorizations_max * ANSWERS_PER_AUTHORIZATION
    operations = Operations(issuer=issuer, faults=faults, answers_max=answers_max)
    app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=[problems_as_json])
    app.add_routes(Api(issuer=issuer, operations=operations, faults=faults, settings=settings).routes())
    app.add_routes(Page(book=book, faults=faults).routes())
    return app
