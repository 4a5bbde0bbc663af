"""The board: one watch on offers, rendered once and shown to every open Favorites page."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from grpc import aio

from chassis.workers import either, restart_pause_seconds
from gateway.inbound.pages.catalogue import Catalogue
from gateway.inbound.pages.offer_card import SHOWN, OfferCard
from gateway.outbound.peers import Peers
from hashtill.offers.v1 import offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from kernel.refusals import RefusedError

FAILURES_COUNTED_MAX = 6
"""The pause between two tries stops growing here, at five seconds."""


class Onlooker:
    """One open page: the newest card of each offer it has not been sent yet, so that a slow one holds nothing up."""

    def __init__(self, cards: dict[str, str]) -> None:
        self._unsent = dict(cards)
        self.something = asyncio.Event()
        self.something.set()

    def show(self, offer_id: str, html: str) -> None:
        """Take a card."""
        self._unsent[offer_id] = html
        self.something.set()

    def take(self) -> list[str]:
        """Give what is to be sent."""
        cards, self._unsent = list(self._unsent.values()), {}
        self.something.clear()
        return cards


class OffersBoard:
    """Follows offers and shows what changed; `run` is a worker's loop."""

    def __init__(self, peers: Peers, catalogue: Catalogue, *, render: Callable[[OfferCard], str]) -> None:
        self._offers, self._catalogue, self._render = peers.offers, catalogue, render
        self._cards: dict[str, str] = {}
        self._onlookers: set[Onlooker] = set()
        self._failures = 0

    @contextmanager
    def onlooker(self) -> Iterator[Onlooker]:
        """Look on for the block."""
        joined = Onlooker(self._cards)
        self._onlookers.add(joined)
        try:
            yield joined
        finally:
            self._onlookers.discard(joined)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop; an offers service that is away is asked again and again, ever slower."""
        while not stop.is_set():
            watching = asyncio.create_task(self._watch())
            stopped = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait((watching, stopped), return_when=asyncio.FIRST_COMPLETED)
            finally:
                watching.cancel()
                stopped.cancel()
            if watching.done():
                await watching
            if not stop.is_set():
                await either(stop, timeout_seconds=restart_pause_seconds(self._failures))

    async def _watch(self) -> None:
        """Show offers until the stream ends; the first one after a break begins the board anew."""
        try:
            fresh = True
            async for seen in self._offers.WatchOffers(pb.WatchOffersRequest()):
                if fresh:
                    self._cards, fresh, self._failures = {}, False, 0
                await self._show(seen.offer)
        except (aio.AioRpcError, RefusedError) as error:
            if self._failures == 0:
                structlog.get_logger().info("offers_watch_lost", cause=type(error).__name__)
        self._failures = min(self._failures + 1, FAILURES_COUNTED_MAX)

    async def _show(self, offer: offer_pb2.Offer) -> None:
        html = self._render(await self._catalogue.card(offer))
        if offer.state in SHOWN:
            self._cards[offer.offer_id] = html
        else:
            self._cards.pop(offer.offer_id, None)
        for onlooker in self._onlookers:
            onlooker.show(offer.offer_id, html)
