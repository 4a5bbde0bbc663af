"""Orders' servicer: the calls that read; `changing_calls` has those that change."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from chassis.refusal_status import status_of
from chassis.validation import read_each, read_items, read_page_size, refuse_field
from hashtill.orders.v1 import orders_service_pb2 as pb
from hashtill.orders.v1 import orders_service_pb2_grpc
from kernel.refusals import Refusal, RefusedError
from orders.domain.order import Order
from orders.domain.shipping import NOT_FOUND
from orders.inbound.answers import address_message, story_message
from orders.inbound.changing_calls import ChangingCalls, ChangingParts
from orders.inbound.reading import (
    read_filter,
    read_merchant_id,
    read_order_id,
    read_position,
    read_post,
    write_position,
)
from orders.inbound.watchers import Watchers
from orders.outbound.order_messages import order_message
from orders.usecases.ports import Addresses
from orders.usecases.read_orders import (
    Story,
    explain_order,
    explain_post,
    get_orders,
    list_orders,
    list_shipments_due,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingParts:
    """What reading calls need beside the database."""

    addresses: Addresses
    watchers: Watchers
    stopping: asyncio.Event


class OrdersServicer(ChangingCalls, orders_service_pb2_grpc.OrdersServiceServicer):
    """Answers orders' RPCs; every rule is in the use cases."""

    def __init__(self, changing: ChangingParts, reading: ReadingParts) -> None:
        super().__init__(changing)
        self._transactions, self._reading = changing.transactions, reading

    async def GetOrder(self, request: pb.GetOrderRequest, _context: object) -> pb.GetOrderResponse:  # noqa: N802 - gRPC's name
        """Read one."""
        order_id = read_order_id(request.order_id)
        order = (await get_orders([order_id], transactions=self._transactions)).get(order_id)
        if order is None:
            raise RefusedError(NOT_FOUND)
        return pb.GetOrderResponse(order=order_message(order))

    async def BatchGetOrders(self, request: pb.BatchGetOrdersRequest, _context: object) -> pb.BatchGetOrdersResponse:  # noqa: N802 - as above
        """Read many."""
        asked = read_each(read_items(request.order_ids, "order_ids"), read_order_id, "order_ids")
        known = [each for each in asked if not isinstance(each, Refusal)]
        found = await get_orders(known, transactions=self._transactions)
        answers = [each if isinstance(each, Refusal) else found.get(each, NOT_FOUND) for each in asked]
        return pb.BatchGetOrdersResponse(results=[_result(answer) for answer in answers])

    async def ListOrders(self, request: pb.ListOrdersRequest, _context: object) -> pb.ListOrdersResponse:  # noqa: N802 - as above
        """List."""
        page = await list_orders(
            read_filter(request),
            after=read_position(request.page_token),
            count_max=read_page_size(request.page_size),
            transactions=self._transactions,
        )
        return pb.ListOrdersResponse(
            orders=[order_message(order) for order in page.orders], next_page_token=write_position(page.next_after)
        )

    async def WatchOrder(  # noqa: N802 - as above
        self, request: pb.WatchOrderRequest, _context: object
    ) -> AsyncIterator[pb.WatchOrderResponse]:
        """Watch until final."""
        watched = self._reading.watchers.watch(
            read_order_id(request.order_id), transactions=self._transactions, stopping=self._reading.stopping
        )
        async for order in watched:
            yield pb.WatchOrderResponse(order=order_message(order))

    async def ExplainOrder(self, request: pb.ExplainOrderRequest, _context: object) -> pb.ExplainOrderResponse:  # noqa: N802 - as above
        """Tell the story."""
        story = await self._story(request)
        if isinstance(story, Refusal):
            raise RefusedError(story)
        return story_message(story)

    async def ListShipmentsDue(  # noqa: N802 - as above
        self, request: pb.ListShipmentsDueRequest, _context: object
    ) -> pb.ListShipmentsDueResponse:
        """List a merchant's parcels."""
        page, ship_to = await list_shipments_due(
            read_merchant_id(request.merchant_id),
            after=read_position(request.page_token),
            count_max=read_page_size(request.page_size),
            addresses=self._reading.addresses,
            transactions=self._transactions,
        )
        shipments = [
            pb.ShipmentDue(order=order_message(order), ship_to=address_message(ship_to.get(order.order_id)))
            for order in page.orders
        ]
        return pb.ListShipmentsDueResponse(shipments=shipments, next_page_token=write_position(page.next_after))

    async def _story(self, request: pb.ExplainOrderRequest) -> Story | Refusal:
        if request.WhichOneof("subject") is None:
            refuse_field("subject", "one of order_id and post must be set.")
        if request.HasField("order_id"):
            return await explain_order(read_order_id(request.order_id), transactions=self._transactions)
        key = read_post(request.post.network, request.post.post_id, path="post.")
        return await explain_post(key, transactions=self._transactions)


def _result(answer: Order | Refusal) -> pb.OrderResult:
    if isinstance(answer, Refusal):
        return pb.OrderResult(status=status_of(answer))
    return pb.OrderResult(order=order_message(answer))
