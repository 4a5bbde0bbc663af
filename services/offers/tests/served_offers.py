"""Offers answered over the wire in this process, on either store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from grpc import aio
from services.offers.tests.offers_world import never_an_outage

from chassis.idempotent_calls import AnswerOnce
from chassis.testing import served
from hashtill.offers.v1.offers_service_pb2_grpc import add_OffersServiceServicer_to_server
from offers.inbound.hold_calls import HoldCalls
from offers.inbound.offers_servicer import OffersServicer
from offers.main import SHOWING
from offers.usecases.gather_holds import HoldGatherer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.watch_offers import OfferWatch


@asynccontextmanager
async def serving(
    transactions: Any,
    *,
    requests: Callable[[Any, str], Any],
    watchers_max: int = 2,
    hold: Callable[..., Any] = hold_stock,
    stopping: asyncio.Event | None = None,
) -> AsyncIterator[tuple[aio.Channel, OfferWatch]]:
    """Serve the whole servicer; gives a channel and the watch, whose `run_once` the test drives."""
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
    async with served((add_OffersServiceServicer_to_server, servicer)) as channel:
        yield channel, watch
    await gatherer.drain()
