"""Orders' servicer in process, for the tests of its calls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from grpc import aio
from services.orders.tests.orders_world import World
from services.orders.tests.peers_kept import AddressesKept

from chassis.refusal_status import refusal_of
from chassis.testing import served
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub, add_OrdersServiceServicer_to_server
from kernel.secret import Secret
from orders.inbound.changing_calls import ChangingParts
from orders.inbound.servicer import OrdersServicer, ReadingParts
from orders.inbound.watchers import Watchers

PAGE_KEY = Secret(b"a long random text for the tests")


class Served:
    """A stub, and what stands behind it."""

    def __init__(self, world: World, watchers: Watchers, stopping: asyncio.Event) -> None:
        self.world, self.watchers, self.stopping = world, watchers, stopping
        self.stub: Any = None


@asynccontextmanager
async def calls_to(world: World) -> AsyncIterator[Served]:
    orders = Served(world, Watchers(watchers_max=1), asyncio.Event())
    servicer = OrdersServicer(
        ChangingParts(transactions=world.transactions, links=world.links, limits=world.limits, page_key=PAGE_KEY),
        ReadingParts(addresses=AddressesKept(), watchers=orders.watchers, stopping=orders.stopping),
    )
    async with served((add_OrdersServiceServicer_to_server, servicer)) as channel:
        orders.stub = OrdersServiceStub(channel)
        yield orders


async def reason_of(call: Awaitable[Any]) -> str:
    with pytest.raises(aio.AioRpcError) as failed:
        await call
    refusal = refusal_of(failed.value)
    assert refusal is not None, failed.value
    return refusal.reason
