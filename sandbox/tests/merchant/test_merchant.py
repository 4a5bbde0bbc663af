"""The merchants against services that only remember: what is due is accepted, shipped and taken back, once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from grpc import StatusCode, aio

from hashtill.common.v1.postal_address_pb2 import PostalAddress
from hashtill.offers.v1 import merchant_pb2, offers_service_pb2, offers_service_pb2_grpc
from hashtill.orders.v1 import order_pb2, orders_service_pb2, orders_service_pb2_grpc
from sandbox.merchant.main import open_page
from sandbox.merchant.settings import Settings
from sandbox.merchant.warehouse import AT_ONCE_MAX, Warehouse

ORDER = "00000000-0000-0000-0000-000000005eed"


class Offers(offers_service_pb2_grpc.OffersServiceServicer):
    """One merchant."""

    async def ListMerchants(self, request: Any, context: Any) -> offers_service_pb2.ListMerchantsResponse:  # noqa: N802 - gRPC's name
        del request, context
        return offers_service_pb2.ListMerchantsResponse(merchants=[merchant_pb2.Merchant(merchant_id="acme")])


@dataclass
class Orders(orders_service_pb2_grpc.OrdersServiceServicer):
    """One order, and everything that was asked for it."""

    state: int = order_pb2.ORDER_STATE_READY_TO_SHIP
    away: bool = False
    times: int = 1
    """How often the order is listed."""
    calls: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def ListShipmentsDue(self, request: Any, context: Any) -> orders_service_pb2.ListShipmentsDueResponse:  # noqa: N802 - gRPC's name
        del request, context
        due = {order_pb2.ORDER_STATE_READY_TO_SHIP, order_pb2.ORDER_STATE_SHIPPING}
        shipment = orders_service_pb2.ShipmentDue(order=self._order(), ship_to=PostalAddress(name="Mia", city="NYC"))
        shipments = [shipment] * self.times if self.state in due else []
        return orders_service_pb2.ListShipmentsDueResponse(shipments=shipments)

    async def AcceptShipment(self, request: Any, context: Any) -> orders_service_pb2.AcceptShipmentResponse:  # noqa: N802 - gRPC's name
        self.calls += 1
        if self.away:
            await context.abort(StatusCode.UNAVAILABLE, "Orders is starting.")
        self.asked.append(("accept", request.context.request_id))
        self.state = order_pb2.ORDER_STATE_SHIPPING
        return orders_service_pb2.AcceptShipmentResponse(order=self._order())

    async def RecordShipment(self, request: Any, context: Any) -> orders_service_pb2.RecordShipmentResponse:  # noqa: N802 - gRPC's name
        del context
        self.asked.append((f"ship {request.carrier}", request.tracking_number))
        self.state = order_pb2.ORDER_STATE_COMPLETED
        return orders_service_pb2.RecordShipmentResponse(order=self._order())

    async def RequestReturn(self, request: Any, context: Any) -> orders_service_pb2.RequestReturnResponse:  # noqa: N802 - gRPC's name
        if self.away:
            await context.abort(StatusCode.UNAVAILABLE, "Orders is starting.")
        if self.state != order_pb2.ORDER_STATE_COMPLETED:
            await context.abort(StatusCode.FAILED_PRECONDITION, "It is not shipped.")
        self.asked.append(("return", str(request.amount.amount_minor)))
        self.state = order_pb2.ORDER_STATE_REFUNDING
        return orders_service_pb2.RequestReturnResponse(order=self._order())

    def _order(self) -> order_pb2.Order:
        return order_pb2.Order(order_id=ORDER, merchant_id="acme", title="Kindle", state=self.state)  # type: ignore[arg-type]  # an enum's number


@pytest.fixture
def orders() -> Orders:
    return Orders()  # type: ignore[abstract]  # the merchants call no other method


@pytest.fixture
async def target(orders: Orders) -> AsyncIterator[str]:
    server = aio.server()
    orders_service_pb2_grpc.add_OrdersServiceServicer_to_server(orders, server)
    offers_service_pb2_grpc.add_OffersServiceServicer_to_server(Offers(), server)  # type: ignore[abstract]  # as above
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture
async def channel(target: str) -> AsyncIterator[aio.Channel]:
    async with aio.insecure_channel(target) as channel:
        yield channel


def warehouse(channel: aio.Channel, target: str, *, accept_after_seconds: float = 0.0) -> Warehouse:
    settings = Settings(
        orders_target=target,
        offers_target=target,
        accept_after_seconds=accept_after_seconds,
        ship_after_seconds=0.0,
    )
    stubs = offers_service_pb2_grpc.OffersServiceStub(channel), orders_service_pb2_grpc.OrdersServiceStub(channel)
    return Warehouse(settings, offers=stubs[0], orders=stubs[1])


async def test_an_order_is_accepted_then_shipped_with_a_number_that_is_its_own(
    channel: aio.Channel, target: str, orders: Orders
) -> None:
    merchants = warehouse(channel, target)

    await merchants.run_once()
    await merchants.run_once()
    await merchants.run_once()

    assert [asked[0] for asked in orders.asked] == ["accept", "ship UPS"]
    assert merchants.newest_first()[0].as_json()["tracking_number"] == orders.asked[1][1]


async def test_what_has_not_lain_long_enough_waits(channel: aio.Channel, target: str, orders: Orders) -> None:
    merchants = warehouse(channel, target, accept_after_seconds=60.0)

    await merchants.run_once()

    assert orders.asked == []
    assert merchants.newest_first()[0].as_json()["state"] == "due"


async def test_a_service_that_is_away_is_asked_again_the_next_round_and_not_for_every_parcel(
    channel: aio.Channel, target: str, orders: Orders
) -> None:
    merchants = warehouse(channel, target)
    orders.away, orders.times = True, 3 * AT_ONCE_MAX
    await merchants.run_once()
    calls_while_away, orders.away, orders.times = orders.calls, False, 1

    await merchants.run_once()

    assert calls_while_away == AT_ONCE_MAX
    assert [asked[0] for asked in orders.asked] == ["accept"]


async def test_a_step_asked_for_again_has_the_same_request_id(
    channel: aio.Channel, target: str, orders: Orders
) -> None:
    await warehouse(channel, target).run_once()
    orders.state = order_pb2.ORDER_STATE_READY_TO_SHIP
    await warehouse(channel, target).run_once()

    assert orders.asked[0] == orders.asked[1]


async def test_the_page_shows_parcels_and_takes_goods_back_or_says_why_not(
    channel: aio.Channel, target: str, orders: Orders
) -> None:
    merchants = warehouse(channel, target)
    runner = await open_page(merchants, "127.0.0.1:0")
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    body = {"order_id": ORDER, "merchant_id": "acme", "amount_minor": 500, "currency_code": "USD"}
    async with aiohttp.ClientSession() as session:
        early = await session.post(f"{url}/sandbox/returns", json=body)
        for _ in range(2):
            await merchants.run_once()
        listed = await (await session.get(f"{url}/sandbox/parcels")).json()
        late = await session.post(f"{url}/sandbox/returns", json=body)
        odd = await session.post(f"{url}/sandbox/returns", json={})
        page = await (await session.get(url)).text()
        orders.away = True
        away = await session.post(f"{url}/sandbox/returns", json=body)
        answers = [(each.status, await each.json()) for each in (early, late)]
    await runner.cleanup()

    assert answers == [(409, {"error": "It is not shipped."}), (200, {"state": "ORDER_STATE_REFUNDING"})]
    assert (odd.status, listed["parcels"][0]["state"], orders.asked[-1]) == (400, "shipped", ("return", "500"))
    assert "Parcels" in page
    assert away.status == 503
