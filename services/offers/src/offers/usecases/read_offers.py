"""Reading: one offer, lists of offers and merchants, and the Favorites page."""

from collections.abc import Sequence
from datetime import datetime

from kernel.ids import MerchantId, Network, OfferId
from kernel.refusals import Refusal
from offers.domain.merchant import Merchant
from offers.domain.offer import Offer, offer_not_found
from offers.usecases.ports import FavoritePosition, OfferFilter, OfferPosition, Transactions

Seen = tuple[Sequence[Offer], datetime]
"""Offers and the moment they were read at: it decides their state."""


async def get_offer(offer_id: OfferId, *, transactions: Transactions) -> tuple[Offer, datetime] | Refusal:
    """Read one offer."""
    async with transactions.begin() as unit:
        offer = (await unit.offers.by_ids([offer_id])).get(offer_id)
        return (offer, unit.at) if offer else offer_not_found(offer_id)


async def list_offers(
    *, where: OfferFilter, after: OfferPosition | None, limit: int, transactions: Transactions
) -> Seen:
    """Read a page of offers, newest first."""
    async with transactions.begin() as unit:
        return await unit.offers.page(where, at=unit.at, after=after, limit=limit), unit.at


async def list_favorites(
    network: Network | None, *, after: FavoritePosition | None, limit: int, transactions: Transactions
) -> Seen:
    """Read a page of what the Favorites page shows."""
    async with transactions.begin() as unit:
        return await unit.offers.favorites(network, at=unit.at, after=after, limit=limit), unit.at


async def list_merchants(*, after: MerchantId | None, limit: int, transactions: Transactions) -> Sequence[Merchant]:
    """Read a page of merchants, by id."""
    async with transactions.begin() as unit:
        return await unit.merchants.page(after=after, limit=limit)
