"""Orders, asked for a page: the story, the confirmation, the taking back."""

from collections.abc import AsyncIterable

from gateway.inbound.pages.order_story import Story, story_of
from gateway.outbound.peers import Peers, answered, once
from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as pb
from kernel.ids import OrderId

NOT_ME = order_pb2.CANCEL_REASON_NOT_ME
CARDMEMBER = order_pb2.CANCEL_REASON_CARDMEMBER


class OrderCalls:
    """One order's calls; what changes it carries the page's own token, which orders reads again."""

    def __init__(self, peers: Peers) -> None:
        self._orders = peers.orders

    async def story(self, order_id: OrderId) -> Story:
        """Read where it stands and how it came there."""
        return story_of(await answered(self._orders.ExplainOrder(pb.ExplainOrderRequest(order_id=str(order_id)))))

    async def confirm(self, token: str) -> None:
        """Confirm; pressing again asks for the same thing."""
        request = pb.ConfirmOrderRequest(context=once("confirm", token), page_token=token)
        await answered(self._orders.ConfirmOrder(request))

    async def take_back(self, token: str, reason: "order_pb2.CancelReason.ValueType") -> None:
        """Cancel, or say "not me"."""
        context = once("take-back", token, str(reason))
        await answered(
            self._orders.CancelOrder(pb.CancelOrderRequest(context=context, page_token=token, reason=reason))
        )

    def changes(self, order_id: OrderId) -> AsyncIterable[pb.WatchOrderResponse]:
        """Follow it: the order at once, then after each change."""
        return self._orders.WatchOrder(pb.WatchOrderRequest(order_id=str(order_id)))
