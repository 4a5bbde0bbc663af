"""The site: every page on one address, started and drained like any server of ours."""

import structlog
from aiohttp import web

from gateway.inbound.pages.assets import Assets
from gateway.inbound.pages.favorites import FavoritesPages
from gateway.inbound.pages.forms import BODY_BYTES_MAX
from gateway.inbound.pages.link_pages import LinkPages
from gateway.inbound.pages.offers_board import OffersBoard
from gateway.inbound.pages.order_pages import OrderPages
from gateway.inbound.pages.parts import PageParts
from gateway.inbound.pages.problems import Problems
from gateway.inbound.pages.protection import protect
from gateway.inbound.pages.view import View

DRAIN_SECONDS = 1.5
"""How long requests in flight may go on at the stop; streams end by themselves."""

KEEPALIVE_SECONDS = 75.0
"""Longer than load balancers keep their side (60 s), so that they never write to a closed connection."""


class PagesSite:
    """Answers on host:port; `port` is known after `start()`. `board.run` is to be run as a worker beside it."""

    def __init__(self, listen: str, parts: PageParts) -> None:
        self.port = 0
        self._listen, self._parts = listen, parts
        self._assets = Assets()
        self._view = View(parts, assets=self._assets)
        self._favorites = FavoritesPages(parts, self._view)
        self._runner: web.AppRunner | None = None

    def __repr__(self) -> str:
        return f"PagesSite({self._listen})"

    @property
    def board(self) -> OffersBoard:
        """What keeps open Favorites pages up to date."""
        return self._favorites.board

    async def start(self) -> None:
        """Bind and answer; raises OSError with a sentence when the address is taken."""
        host, _, port = self._listen.rpartition(":")
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=KEEPALIVE_SECONDS,
            shutdown_timeout=DRAIN_SECONDS,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, int(port)).start()
        except OSError as error:
            await runner.cleanup()
            raise OSError(f"{self._listen} is taken or not ours. Choose another HASHTILL_PAGES_LISTEN.") from error
        self._runner, self.port = runner, runner.addresses[0][1]
        structlog.get_logger().info("pages_listening", address=self._listen, port=self.port)

    async def stop(self, *, grace_seconds: float) -> None:  # noqa: ARG002 - the runner was given its own, shorter grace
        """Refuse new requests, let those in flight finish, end the rest."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        problems = Problems(self._view, self._parts.options)
        application = web.Application(middlewares=[problems.around], client_max_size=BODY_BYTES_MAX)
        application.on_response_prepare.append(self._protect)
        application.add_routes(
            [
                *self._favorites.routes(),
                *LinkPages(self._parts, self._view, problems).routes(),
                *OrderPages(self._parts, self._view, problems).routes(),
                *self._assets.routes(),
            ]
        )
        return application

    async def _protect(self, request: web.Request, response: web.StreamResponse) -> None:
        protect(response, request, self._parts.options)
