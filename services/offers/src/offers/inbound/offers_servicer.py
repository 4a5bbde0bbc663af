"""Answers offers' RPCs: translate, call the use case, translate back; every rule is in the use cases."""

# ruff: noqa: N802 - gRPC calls the methods as the proto names them

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.idempotent_calls import AnswerOnce
from chassis.validation import page_token, read_page_size
from hashtill.offers.v1 import offers_service_pb2 as pb
from hashtill.offers.v1 import offers_service_pb2_grpc
from kernel.refusals import Refusal
from offers.domain.offer import Offer
from offers.inbound.hold_calls import HoldCalls
from offers.inbound.pages import after_favorite, after_merchant, after_offer, favorite_token, offer_token
from offers.inbound.reading import accepted, read_draft, read_filter, read_network, read_offer_id
from offers.inbound.showing import Showing
from offers.inbound.streams import until
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.ports import Transactions
from offers.usecases.publish_offer import publish_offer
from offers.usecases.read_offers import get_offer, list_favorites, list_merchants, list_offers
from offers.usecases.watch_offers import OfferWatch
from offers.usecases.write_merchant import write_merchant
from offers.usecases.write_offer import create_offer, update_offer

R = TypeVar("R", bound=Message)
Do = Callable[[Transactions], Awaitable[Offer | Refusal]]


class OffersServicer(offers_service_pb2_grpc.OffersServiceServicer):
    """One for the process; `stopping` ends its streams."""

    def __init__(
        self,
        *,
        transactions: Transactions,
        once: AnswerOnce[Any],
        holds: HoldCalls,
        watch: OfferWatch,
        showing: Showing,
        stopping: asyncio.Event,
    ) -> None:
        self._transactions, self._once, self._holds = transactions, once, holds
        self._watch, self._show, self._stopping = watch, showing, stopping

    async def UpdateMerchant(self, request: pb.UpdateMerchantRequest, _: Any) -> pb.UpdateMerchantResponse:
        """Create or change a merchant."""

        async def do(transactions: Transactions) -> pb.UpdateMerchantResponse:
            merchant = await write_merchant(
                merchant_id=request.merchant.merchant_id,
                display_name=request.merchant.display_name,
                support_email=request.merchant.support_email,
                allow_missing=request.allow_missing,
                transactions=transactions,
            )
            return pb.UpdateMerchantResponse(merchant=self._show.merchant(accepted(merchant)))

        return await self._once(request, pb.UpdateMerchantResponse, do)

    async def ListMerchants(self, request: pb.ListMerchantsRequest, _: Any) -> pb.ListMerchantsResponse:
        """List merchants by id."""
        limit = read_page_size(request.page_size)
        after = after_merchant(request.page_token)
        found = await list_merchants(after=after, limit=limit + 1, transactions=self._transactions)
        token = page_token(found[limit - 1].merchant_id) if len(found) > limit else ""
        merchants = [self._show.merchant(merchant) for merchant in found[:limit]]
        return pb.ListMerchantsResponse(merchants=merchants, next_page_token=token)

    async def CreateOffer(self, request: pb.CreateOfferRequest, _: Any) -> pb.CreateOfferResponse:
        """Create an offer as a draft."""
        draft = read_draft(request.offer)
        return await self._change(
            request, pb.CreateOfferResponse, lambda transactions: create_offer(draft, transactions=transactions)
        )

    async def UpdateOffer(self, request: pb.UpdateOfferRequest, _: Any) -> pb.UpdateOfferResponse:
        """Change an offer."""

        async def do(transactions: Transactions) -> Offer | Refusal:
            return await update_offer(
                read_draft(request.offer),
                paths=tuple(request.update_mask.paths),
                based_on=request.offer.version,
                allow_missing=request.allow_missing,
                transactions=transactions,
            )

        return await self._change(request, pb.UpdateOfferResponse, do)

    async def PublishOffer(self, request: pb.PublishOfferRequest, _: Any) -> pb.PublishOfferResponse:
        """Publish a draft or resume a paused offer."""
        offer_id = read_offer_id(request.offer_id)
        return await self._change(
            request, pb.PublishOfferResponse, lambda transactions: publish_offer(offer_id, transactions=transactions)
        )

    async def PauseOffer(self, request: pb.PauseOfferRequest, _: Any) -> pb.PauseOfferResponse:
        """Hold a published offer back."""
        offer_id = read_offer_id(request.offer_id)
        return await self._change(
            request, pb.PauseOfferResponse, lambda transactions: pause_offer(offer_id, transactions=transactions)
        )

    async def EndOffer(self, request: pb.EndOfferRequest, _: Any) -> pb.EndOfferResponse:
        """End an offer for good."""
        offer_id = read_offer_id(request.offer_id)
        return await self._change(
            request, pb.EndOfferResponse, lambda transactions: end_offer(offer_id, transactions=transactions)
        )

    async def GetOffer(self, request: pb.GetOfferRequest, _: Any) -> pb.GetOfferResponse:
        """Read one offer."""
        found = await get_offer(read_offer_id(request.offer_id), transactions=self._transactions)
        offer, at = accepted(found)
        return pb.GetOfferResponse(offer=self._show.offer(offer, at=at))

    async def ListOffers(self, request: pb.ListOffersRequest, _: Any) -> pb.ListOffersResponse:
        """List offers, newest first."""
        limit, where = read_page_size(request.page_size), read_filter(request)
        after = after_offer(request.page_token, where)
        found, at = await list_offers(where=where, after=after, limit=limit + 1, transactions=self._transactions)
        token = offer_token(found[limit - 1], where) if len(found) > limit else ""
        offers = [self._show.offer(offer, at=at) for offer in found[:limit]]
        return pb.ListOffersResponse(offers=offers, next_page_token=token)

    async def ListFavorites(self, request: pb.ListFavoritesRequest, _: Any) -> pb.ListFavoritesResponse:
        """List what the Favorites page shows."""
        limit, network = read_page_size(request.page_size), read_network(request.network)
        after = after_favorite(request.page_token, network)
        found, at = await list_favorites(network, after=after, limit=limit + 1, transactions=self._transactions)
        token = favorite_token(found[limit - 1], network) if len(found) > limit else ""
        offers = [self._show.offer(offer, at=at) for offer in found[:limit]]
        return pb.ListFavoritesResponse(offers=offers, next_page_token=token)

    async def WatchOffers(self, request: pb.WatchOffersRequest, _: Any) -> AsyncIterator[pb.WatchOffersResponse]:
        """Send the favorites at once, then each offer again when it changed."""
        watcher = accepted(self._watch.join(read_network(request.network)))
        try:
            async for seen in until(self._stopping, self._watch.follow(watcher)):
                yield pb.WatchOffersResponse(offer=self._show.offer(seen.offer, at=seen.at))
        finally:
            self._watch.leave(watcher)

    async def BatchHoldStock(self, request: pb.BatchHoldStockRequest, _: Any) -> pb.BatchHoldStockResponse:
        """Hold one unit for each order."""
        return await self._holds.hold(request)

    async def BatchCommitHolds(self, request: pb.BatchCommitHoldsRequest, _: Any) -> pb.BatchCommitHoldsResponse:
        """Make holds final."""
        return await self._holds.commit(request)

    async def BatchReleaseHolds(self, request: pb.BatchReleaseHoldsRequest, _: Any) -> pb.BatchReleaseHoldsResponse:
        """Give units back."""
        return await self._holds.release(request)

    async def _change(self, request: Message, response_type: type[R], do: Do) -> R:
        """Answer a call that changes an offer once, with the offer as it stands."""

        async def answered(transactions: Transactions) -> R:
            async with transactions.begin() as unit:
                at = unit.at
            offer = accepted(await do(transactions))
            return response_type(offer=self._show.offer(offer, at=at))

        return await self._once(request, response_type, answered)
