"""The services' own API, as the issuer's teams use it: orders, stock and the ledger, read only."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from grpc import StatusCode, aio

from chassis.grpc_client import open_channel
from hashtill.offers.v1 import offers_service_pb2
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.orders.v1 import order_pb2, orders_service_pb2
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from hashtill.payments.v1 import payments_service_pb2
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from kernel.ids import PostId, X, order_id_of

NO_ORDER = "no order"
"""What is said of a post that made none."""

Stock = tuple[int, int, int]
"""Available, held, committed."""


class Services:
    """Stubs of orders, offers and payments on kept connections."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._channels = {name: open_channel(targets[name]) for name in ("orders", "offers", "payments")}
        self.orders = OrdersServiceStub(self._channels["orders"])
        self.offers = OffersServiceStub(self._channels["offers"])
        self.payments = PaymentsServiceStub(self._channels["payments"])

    async def close(self) -> None:
        """Close the connections."""
        async with AsyncExitStack() as stack:
            for channel in self._channels.values():
                stack.push_async_callback(channel.close, None)

    async def order(self, post_id: str) -> order_pb2.Order | None:
        """Read a post's order; None when it made none."""
        try:
            answer = await self.orders.GetOrder(orders_service_pb2.GetOrderRequest(order_id=order_id(post_id)))
        except aio.AioRpcError as error:
            if error.code() is StatusCode.NOT_FOUND:
                return None
            raise
        return answer.order

    async def state(self, post_id: str) -> str:
        """Say where a post's order stands, in one word."""
        order = await self.order(post_id)
        return state_name(order.state) if order is not None else NO_ORDER

    async def explain(self, post_id: str) -> orders_service_pb2.ExplainOrderResponse | None:
        """Ask for a post's whole story; None when orders has never heard of it."""
        key = orders_service_pb2.PostKey(network=X, post_id=post_id)
        try:
            return await self.orders.ExplainOrder(orders_service_pb2.ExplainOrderRequest(post=key))
        except aio.AioRpcError as error:
            if error.code() is StatusCode.NOT_FOUND:
                return None
            raise

    async def verdicts(self, post_id: str) -> Sequence[str]:
        """Say what was decided about a post: words and reasons."""
        story = await self.explain(post_id)
        own = [verdict for verdict in story.verdicts if verdict.post_id == post_id] if story else []
        return [f"{verdict.verdict} {verdict.reason}".strip() for verdict in own]

    async def stock(self, offer_id: str) -> Stock:
        """Read an offer's stock."""
        answer = await self.offers.GetOffer(offers_service_pb2.GetOfferRequest(offer_id=offer_id))
        stock = answer.offer.stock
        return stock.available, stock.held, stock.committed

    async def ledger(self, post_id: str) -> Sequence[tuple[str, int]]:
        """Read an order's ledger: kinds and amounts in minor units."""
        request = payments_service_pb2.ListLedgerRequest(order_id=order_id(post_id))
        answer = await self.payments.ListLedger(request)
        return [(entry.kind, entry.amount.amount_minor) for entry in answer.entries]


def order_id(post_id: str) -> str:
    """Name a post's order: orders derives the id from the post."""
    return str(order_id_of(network=X, post_id=PostId(post_id)))


def state_name(state: "order_pb2.OrderState.ValueType") -> str:
    """Write a state without its prefix."""
    return order_pb2.OrderState.Name(state).removeprefix("ORDER_STATE_")
