"""The warehouse: asks what is due, accepts it after a while, ships it, and keeps what it did for the page."""

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grpc import StatusCode, aio

from hashtill.common.v1 import money_pb2, request_context_pb2
from hashtill.offers.v1 import offers_service_pb2
from hashtill.orders.v1 import order_pb2, orders_service_pb2
from sandbox.merchant.parcel import Parcel
from sandbox.merchant.settings import Settings

if TYPE_CHECKING:
    from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceAsyncStub
    from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

CALL_SECONDS_MAX = 5.0

MERCHANTS_MAX = 200
"""One page of the list; a simulated programme has a handful."""

DUE_MAX = 200
"""Shipments taken a round; the next round takes the rest."""

AT_ONCE_MAX = 16
"""Parcels worked on at once: one after the other is slower than a busy programme sells."""

_AWAY = frozenset({StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED})

_NAMESPACE = uuid.UUID("6f1d2a58-4f6c-4f0e-9f0b-6b8b3a2f7d11")

logger = logging.getLogger(__name__)


class Warehouse:
    """Every merchant's shipping room."""

    def __init__(
        self, settings: Settings, *, offers: "OffersServiceAsyncStub", orders: "OrdersServiceAsyncStub"
    ) -> None:
        self._settings, self._offers, self._orders = settings, offers, orders
        self._parcels: OrderedDict[str, Parcel] = OrderedDict()

    def newest_first(self) -> list[Parcel]:
        """Give the parcels kept."""
        return list(reversed(self._parcels.values()))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; a service that is away is asked again."""
        while not stop.is_set():
            try:
                await self.run_once()
            except aio.AioRpcError as error:
                logger.info("merchant_waits %s", error.code().name)
            try:
                await asyncio.wait_for(stop.wait(), self._settings.poll_seconds)
            except TimeoutError:
                continue

    async def run_once(self) -> None:
        """Accept and ship whatever has lain long enough."""
        listed = await self._offers.ListMerchants(
            offers_service_pb2.ListMerchantsRequest(page_size=MERCHANTS_MAX), timeout=CALL_SECONDS_MAX
        )
        for merchant in listed.merchants:
            request = orders_service_pb2.ListShipmentsDueRequest(merchant_id=merchant.merchant_id, page_size=DUE_MAX)
            due = await self._orders.ListShipmentsDue(request, timeout=CALL_SECONDS_MAX)
            await self._work_on_all(due.shipments)

    async def take_back(self, order_id: str, merchant_id: str, amount: money_pb2.Money) -> order_pb2.Order:
        """Take goods back: all or part of the money is given back."""
        request = orders_service_pb2.RequestReturnRequest(
            context=_context("return", order_id, merchant_id), merchant_id=merchant_id, order_id=order_id, amount=amount
        )
        answer = await self._orders.RequestReturn(request, timeout=CALL_SECONDS_MAX)
        return answer.order

    async def _work_on_all(self, due: Sequence[orders_service_pb2.ShipmentDue]) -> None:
        """Work on some at once, then the next; what is left when the service is away is for the next round."""
        for start in range(0, len(due), AT_ONCE_MAX):
            if not all(await asyncio.gather(*(self._try(each) for each in due[start : start + AT_ONCE_MAX]))):
                return

    async def _try(self, shipment: orders_service_pb2.ShipmentDue) -> bool:
        """Work on one; what is refused holds up no other. False when the service is away: others would only wait."""
        try:
            await self._work_on(shipment)
        except aio.AioRpcError as error:
            logger.info("merchant_refused %s %s", shipment.order.order_id, error.details())
            return error.code() not in _AWAY
        return True

    async def _work_on(self, shipment: orders_service_pb2.ShipmentDue) -> None:
        parcel = self._parcel_of(shipment)
        now = asyncio.get_running_loop().time()
        if shipment.order.state == order_pb2.ORDER_STATE_READY_TO_SHIP:
            if now - parcel.seen_at >= self._settings.accept_after_seconds:
                await self._accept(parcel)
            return
        parcel.accepted_at = parcel.accepted_at or now
        if now - parcel.accepted_at >= self._settings.ship_after_seconds:
            await self._ship(parcel)

    async def _accept(self, parcel: Parcel) -> None:
        request = orders_service_pb2.AcceptShipmentRequest(
            context=_context("accept", parcel.order_id, parcel.merchant_id),
            merchant_id=parcel.merchant_id,
            order_id=parcel.order_id,
        )
        await self._orders.AcceptShipment(request, timeout=CALL_SECONDS_MAX)
        parcel.accepted_at = asyncio.get_running_loop().time()

    async def _ship(self, parcel: Parcel) -> None:
        request = orders_service_pb2.RecordShipmentRequest(
            context=_context("ship", parcel.order_id, parcel.merchant_id),
            merchant_id=parcel.merchant_id,
            order_id=parcel.order_id,
            carrier=parcel.carrier,
            tracking_number=parcel.tracking_number,
        )
        await self._orders.RecordShipment(request, timeout=CALL_SECONDS_MAX)
        parcel.shipped = True

    def _parcel_of(self, shipment: orders_service_pb2.ShipmentDue) -> Parcel:
        order = shipment.order
        parcel = self._parcels.get(order.order_id)
        if parcel is None:
            parcel = self._parcels[order.order_id] = Parcel(
                order_id=order.order_id,
                merchant_id=order.merchant_id,
                title=order.title,
                name=shipment.ship_to.name,
                city=shipment.ship_to.city,
                seen_at=asyncio.get_running_loop().time(),
            )
        if len(self._parcels) > self._settings.parcels_max:
            self._parcels.popitem(last=False)
        return parcel


def _context(step: str, order_id: str, merchant_id: str) -> request_context_pb2.RequestContext:
    """Make the same request id for the same step of the same order, so that a repeat is no second one."""
    request_id = uuid.uuid5(_NAMESPACE, f"{step} {order_id}")
    return request_context_pb2.RequestContext(request_id=str(request_id), actor=f"merchant:{merchant_id}")
