"""Offers answered over the wire in this process, on either store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.offers.tests.offers_world import never_an_outage
from services.offers.tests.wire_world import AsyncStub

from chassis.grpc_client import open_channel
from chassis.grpc_server import GrpcServer
from chassis.idempotent_calls import AnswerOnce
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub, add_OffersServiceServicer_to_server
from offers.inbound.hold_calls import HoldCalls
from offers.inbound.offers_servicer import OffersServicer
from offers.main import SHOWING
from offers.usecases.gather_holds import HoldGatherer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.watch_offers import OfferWatch


@dataclass(frozen=True, kw_only=True)
class Served:
    """A served offers service: its stub, its watch, and where it answers."""

    stub: AsyncStub
    watch: OfferWatch
    target: str


@asynccontextmanager
async def serving(
    transactions: Any,
    *,
    requests: Callable[[Any, str], Any],
    watchers_max: int = 2,
    hold: Callable[..., Any] = hold_stock,
    stopping: asyncio.Event | None = None,
) -> AsyncIterator[Served]:
    """Serve the whole servicer; gives a stub and the watch, whose `run_once` the test drives."""
    watch = OfferWatch(transactions, watchers_max=watchers_max)
    gatherer = HoldGatherer(lambda asked: hold(asked, transactions=transactions), is_outage=never_an_outage)
    servicer = OffersServicer(
        transactions=transactions,
        once=AnswerOnce(transactions, requests=requests),
        holds=HoldCalls(transactions=transactions, gatherer=gatherer, showing=SHOWING),
        watch=watch,
        showing=SHOWING,
        stopping=stopping or asyncio.Event(),
    )
    server = GrpcServer("127.0.0.1:0", [(add_OffersServiceServicer_to_server, servicer)])
    await server.start()
    target = f"127.0.0.1:{server.port}"
    channel = open_channel(target)
    yield Served(stub=OffersServiceStub(channel), watch=watch, target=target)
    await channel.close(None)
    await server.stop(grace_seconds=0)
    await gatherer.drain()
