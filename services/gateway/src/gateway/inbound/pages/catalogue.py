"""The catalogue: offers as cards, with the names of their merchants, asked of offers and kept for a minute."""

import time

from gateway.inbound.pages.offer_card import OfferCard, offer_card
from gateway.outbound.peers import Peers, answered
from hashtill.offers.v1 import offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb

PAGE_SIZE = 200
PAGES_MAX = 5
"""A Favorites page of 1,000 offers is the most that offers watches."""

NAMES_SECONDS = 60.0
"""A merchant's new name is seen this late."""

NAMES_AGAIN_SECONDS = 1.0
"""An unknown merchant is asked for at most this often."""


class Catalogue:
    """Reads what Favorites shows."""

    def __init__(self, peers: Peers) -> None:
        self._offers = peers.offers
        self._names: dict[str, str] = {}
        self._asked_at = float("-inf")

    async def favorites(self) -> list[OfferCard]:
        """List every card, what can be had first."""
        found: list[offer_pb2.Offer] = []
        token = ""
        for _ in range(PAGES_MAX):
            request = pb.ListFavoritesRequest(page_size=PAGE_SIZE, page_token=token)
            answer = await answered(self._offers.ListFavorites(request))
            found += answer.offers
            token = answer.next_page_token
            if not token:
                break
        return sorted([await self.card(offer) for offer in found], key=lambda card: card.rank)

    async def card(self, offer: offer_pb2.Offer) -> OfferCard:
        """Show one offer."""
        age = time.monotonic() - self._asked_at
        if age > (NAMES_SECONDS if offer.merchant_id in self._names else NAMES_AGAIN_SECONDS):
            await self._read_names()
        return offer_card(offer, merchant=self._names.get(offer.merchant_id, offer.merchant_id))

    async def _read_names(self) -> None:
        token = ""
        for _ in range(PAGES_MAX):
            request = pb.ListMerchantsRequest(page_size=PAGE_SIZE, page_token=token)
            answer = await answered(self._offers.ListMerchants(request))
            self._names.update((each.merchant_id, each.display_name) for each in answer.merchants)
            token = answer.next_page_token
            if not token:
                break
        self._asked_at = time.monotonic()
