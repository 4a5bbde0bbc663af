"""Stories: the explained history of the orders that breaches name, asked of the orders service."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grpc import aio

from chassis.grpc_client import open_channel
from hashtill.orders.v1 import orders_service_pb2 as pb
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from hashtill_cli.checking.verdict import Verdict

if TYPE_CHECKING:
    from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

STORIES_MAX = 10
"""Nobody reads more at once; `hashtill orders explain` tells the others."""


async def stories_of(verdicts: Sequence[Verdict], *, target: str) -> dict[str, pb.ExplainOrderResponse]:
    """Ask for the stories, as far as there is somebody to tell them."""
    breaches = (breach for verdict in verdicts for breach in verdict.breaches)
    wanted = list(dict.fromkeys(breach.order_id for breach in breaches if breach.order_id))[:STORIES_MAX]
    if not wanted or not target:
        return {}
    channel = open_channel(target)
    try:
        stub: Any = OrdersServiceStub(channel)
        return {each: story for each in wanted if (story := await _story(stub, each)) is not None}
    finally:
        await channel.close(None)


async def _story(stub: "OrdersServiceAsyncStub", order_id: str) -> pb.ExplainOrderResponse | None:
    try:
        return await stub.ExplainOrder(pb.ExplainOrderRequest(order_id=order_id))
    except aio.AioRpcError:
        return None
