"""The four services as the pages meet them: real servicers on a real wire, with what they were asked kept."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hashtill.common.v1.money_pb2 import Money
from hashtill.identity.v1 import identity_service_pb2 as identity_pb
from hashtill.identity.v1 import link_pb2
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceServicer
from hashtill.offers.v1 import merchant_pb2, offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as offers_pb
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceServicer
from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as orders_pb
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceServicer
from hashtill.payments.v1 import payments_service_pb2 as payments_pb
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceServicer
from kernel.ids import OrderId
from kernel.page_addresses import PagePurpose, read_page
from kernel.refusals import Refusal, RefusalKind, RefusedError
from kernel.secret import Secret

PAGE_KEY = Secret(b"a page key of the tests")
LINK_ID = "0b0e5c1e-7a55-4a4e-9d57-0d3a1f2c7a01"
STATE = "state-1"
MERCHANT = "acme-electronics"


def stamp(at: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(at)
    return made


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency_code="USD")


def refuse(kind: RefusalKind, reason: str, message: str = "No.", **facts: str) -> RefusedError:
    return RefusedError(Refusal(kind=kind, reason=reason, message=message, facts=facts))


def an_offer(offer_id: str, **changes: Any) -> offer_pb2.Offer:
    now = datetime.now(UTC)
    offer = offer_pb2.Offer(
        offer_id=offer_id,
        merchant_id=MERCHANT,
        kind=offer_pb2.OFFER_KIND_PURCHASE,
        tag="BuyKindleFireHD",
        title="Kindle Fire HD",
        description="The 7-inch Kindle Fire HD, 16 GB.",
        price=usd(14_999),
        shipping=usd(0),
        tax_rule=offer_pb2.TaxRule(region_basis_points={"NY": 888}),
        stock=offer_pb2.Stock(total=500, available=320, held=30, committed=150),
        per_member_limit=1,
        window=offer_pb2.Window(
            starts_at=stamp(now - timedelta(hours=1)),
            ends_at=stamp(now + timedelta(days=2)),
            time_zone="America/New_York",
        ),
        fulfilment=offer_pb2.FULFILMENT_GOODS,
        terms_url="https://offers.acme.example/terms",
        state=offer_pb2.OFFER_STATE_LIVE,
        version=1,
    )
    offer.MergeFrom(offer_pb2.Offer(**changes))
    return offer


@dataclass
class FakeOffers(OffersServiceServicer):
    offers: dict[str, offer_pb2.Offer] = field(default_factory=dict)
    watchers: set["asyncio.Queue[offer_pb2.Offer]"] = field(default_factory=set)
    watches: int = 0

    def put(self, *offers: offer_pb2.Offer) -> None:
        for offer in offers:
            self.offers[offer.offer_id] = offer
            for watcher in self.watchers:
                watcher.put_nowait(offer)

    async def ListFavorites(self, _request: Any, _context: Any) -> offers_pb.ListFavoritesResponse:  # noqa: N802 - gRPC's name
        return offers_pb.ListFavoritesResponse(offers=self.offers.values())

    async def ListMerchants(self, _request: Any, _context: Any) -> offers_pb.ListMerchantsResponse:  # noqa: N802 - as above
        merchant = merchant_pb2.Merchant(merchant_id=MERCHANT, display_name="Acme Electronics")
        return offers_pb.ListMerchantsResponse(merchants=[merchant])

    async def WatchOffers(self, _request: Any, _context: Any) -> AsyncIterator[offers_pb.WatchOffersResponse]:  # noqa: N802 - as above
        self.watches += 1
        queue: asyncio.Queue[offer_pb2.Offer] = asyncio.Queue()
        self.watchers.add(queue)
        try:
            for offer in list(self.offers.values()):
                yield offers_pb.WatchOffersResponse(offer=offer)
            while True:
                yield offers_pb.WatchOffersResponse(offer=await queue.get())
        finally:
            self.watchers.discard(queue)


@dataclass
class FakeIdentity(IdentityServiceServicer):
    authorize_url: str = "https://x.example/authorize?state=state-1"
    link: link_pb2.Link = field(
        default_factory=lambda: link_pb2.Link(link_id=LINK_ID, network="x", terms_version="2013-02")
    )
    owner: str = ""
    asked: list[Any] = field(default_factory=list)
    refusal: RefusedError | None = None

    def _heard(self, request: Any) -> None:
        self.asked.append(request)
        if self.refusal is not None:
            raise self.refusal

    def _owned(self, session: str) -> None:
        if session != self.owner:
            raise refuse(RefusalKind.FORBIDDEN, "SESSION_MISMATCH")

    async def StartLink(self, request: identity_pb.StartLinkRequest, _context: Any) -> identity_pb.StartLinkResponse:  # noqa: N802 - as above
        self._heard(request)
        self.owner = request.browser_session
        self.link.status = link_pb2.LINK_STATUS_PENDING_AUTHORIZATION
        return identity_pb.StartLinkResponse(link_id=LINK_ID, authorize_url=self.authorize_url)

    async def CompleteLink(  # noqa: N802 - as above
        self, request: identity_pb.CompleteLinkRequest, _context: Any
    ) -> identity_pb.CompleteLinkResponse:
        self._heard(request)
        if request.state != STATE:
            raise refuse(RefusalKind.NOT_FOUND, "LINK_STATE_UNKNOWN")
        self._owned(request.browser_session)
        self.link.status, self.link.handle = link_pb2.LINK_STATUS_PENDING_CARD, "mia_buys"
        return identity_pb.CompleteLinkResponse(link=self.link)

    async def AttachCard(self, request: identity_pb.AttachCardRequest, _context: Any) -> identity_pb.AttachCardResponse:  # noqa: N802 - as above
        self._heard(request)
        self._owned(request.browser_session)
        self.link.status, self.link.card_last4 = link_pb2.LINK_STATUS_ACTIVE, "0005"
        return identity_pb.AttachCardResponse(link=self.link)

    async def GetLink(self, request: identity_pb.GetLinkRequest, _context: Any) -> identity_pb.GetLinkResponse:  # noqa: N802 - as above
        self._heard(request)
        self._owned(request.browser_session)
        return identity_pb.GetLinkResponse(link=self.link)

    async def Unlink(self, request: identity_pb.UnlinkRequest, _context: Any) -> identity_pb.UnlinkResponse:  # noqa: N802 - as above
        self._heard(request)
        self._owned(request.browser_session)
        self.link.status = link_pb2.LINK_STATUS_ENDED
        return identity_pb.UnlinkResponse(link=self.link)


@dataclass
class FakePayments(PaymentsServiceServicer):
    asked: list[payments_pb.StartCardSessionRequest] = field(default_factory=list)

    async def StartCardSession(  # noqa: N802 - as above
        self, request: payments_pb.StartCardSessionRequest, _context: Any
    ) -> payments_pb.StartCardSessionResponse:
        self.asked.append(request)
        name = hashlib.sha256(request.context.request_id.encode()).hexdigest()[:12]
        return payments_pb.StartCardSessionResponse(card_session_id=name, page_url=f"https://card.example/card/{name}")


@dataclass
class FakeOrders(OrdersServiceServicer):
    order: order_pb2.Order = field(default_factory=order_pb2.Order)
    steps: list[order_pb2.OrderStep] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    refusal: RefusedError | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def move(self, state: "order_pb2.OrderState.ValueType", *, cause: str, **changes: Any) -> None:
        before = self.order.state
        self.order.MergeFrom(order_pb2.Order(state=state, version=self.order.version + 1, **changes))
        step = order_pb2.OrderStep(from_state=before, to_state=state, cause=cause, at=stamp(datetime.now(UTC)))
        self.steps.append(step)
        self.changed.set()

    async def ExplainOrder(  # noqa: N802 - as above
        self, request: orders_pb.ExplainOrderRequest, _context: Any
    ) -> orders_pb.ExplainOrderResponse:
        if request.order_id != self.order.order_id:
            raise refuse(RefusalKind.NOT_FOUND, "ORDER_NOT_FOUND", "There is no such order.")
        return orders_pb.ExplainOrderResponse(order=self.order, steps=self.steps)

    async def WatchOrder(self, _request: Any, _context: Any) -> AsyncIterator[orders_pb.WatchOrderResponse]:  # noqa: N802 - as above
        while True:
            self.changed.clear()
            yield orders_pb.WatchOrderResponse(order=self.order)
            await self.changed.wait()

    async def ConfirmOrder(  # noqa: N802 - as above
        self, request: orders_pb.ConfirmOrderRequest, _context: Any
    ) -> orders_pb.ConfirmOrderResponse:
        self._change(request, {PagePurpose.VIEW, PagePurpose.CONFIRM})
        self.move(order_pb2.ORDER_STATE_COMMITTING, cause="Confirmed")
        return orders_pb.ConfirmOrderResponse(order=self.order)

    async def CancelOrder(self, request: orders_pb.CancelOrderRequest, _context: Any) -> orders_pb.CancelOrderResponse:  # noqa: N802 - as above
        not_me = request.reason == order_pb2.CANCEL_REASON_NOT_ME
        self._change(request, {PagePurpose.VIEW, PagePurpose.DISOWN} if not_me else {PagePurpose.VIEW})
        reason = "NOT_ME" if not_me else "CARDMEMBER"
        self.move(order_pb2.ORDER_STATE_CANCELLED, cause="TakenBack", refusal_reason=reason)
        return orders_pb.CancelOrderResponse(order=self.order)

    def _change(self, request: Any, purposes: set[PagePurpose]) -> None:
        self.asked.append(request)
        if self.refusal is not None:
            raise self.refusal
        grant = read_page(request.page_token, key=PAGE_KEY, at=datetime.now(UTC))
        if grant is None or grant.purpose not in purposes:
            raise refuse(RefusalKind.FORBIDDEN, "PAGE_ADDRESS_INVALID")


def an_order(order_id: OrderId, **changes: Any) -> order_pb2.Order:
    """Make an order that waits for its confirmation."""
    now = datetime.now(UTC)
    order = order_pb2.Order(
        order_id=str(order_id),
        state=order_pb2.ORDER_STATE_AWAITING_CONFIRMATION,
        version=4,
        network="x",
        author_handle="mia_buys",
        title="Kindle Fire HD",
        tag="buykindlefirehd",
        merchant_name="Acme Electronics",
        price=usd(14_999),
        tax=usd(1_332),
        shipping=usd(0),
        total=usd(16_331),
        confirmation_tag="OK7KX2M9PQ",
        confirm_by=stamp(now + timedelta(minutes=14, seconds=20)),
        fulfilment="GOODS",
    )
    order.MergeFrom(order_pb2.Order(**changes))
    return order
