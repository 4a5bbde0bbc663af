"""Favorites: every offer as a card, kept up to date while the page is open."""

from aiohttp import web

from gateway.inbound.pages.catalogue import Catalogue
from gateway.inbound.pages.live import LiveStream, Seats, serve_live
from gateway.inbound.pages.offers_board import OffersBoard
from gateway.inbound.pages.parts import PageParts
from gateway.inbound.pages.view import View


class FavoritesPages:
    """The list, and its stream."""

    def __init__(self, parts: PageParts, view: View) -> None:
        self._view, self._stopping = view, parts.stopping
        self._catalogue = Catalogue(parts.peers)
        self._seats = Seats()
        self.board = OffersBoard(parts.peers, self._catalogue, render=lambda card: view.part("_offer.html", offer=card))

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses."""
        return [
            web.get("/", self._list),
            web.get("/favorites", self._list),
            web.get("/favorites/events", self._events, allow_head=False),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return self._view.page(request, "favorites.html", offers=await self._catalogue.favorites())

    async def _events(self, request: web.Request) -> web.StreamResponse:
        with self._seats.one(), self.board.onlooker() as onlooker:

            async def follow(stream: LiveStream) -> None:
                while not stream.is_over:
                    for html in onlooker.take():
                        await stream.send("part", html)
                    await stream.wait(onlooker.something)

            return await serve_live(request, self._stopping, follow)
