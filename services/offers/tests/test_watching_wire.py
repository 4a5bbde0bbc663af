"""WatchOffers: the favorites at once, then each offer again when it changed, until the caller or the process stops."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from grpc import StatusCode, aio
from services.offers.tests.offers_world import Clock, Shop, asks
from services.offers.tests.served_offers import serving
from services.offers.tests.wire_world import AsyncStub

from hashtill.offers.v1 import offer_pb2
from hashtill.offers.v1 import offers_service_pb2 as pb
from kernel.ids import OfferId
from offers.outbound.memory import MemoryOffersStore, memory_requests_of
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.watch_offers import LOOK_SECONDS, OfferWatch

KINDLE = OfferId("kindle")


class Watching:
    """A server on the memory store, its watch driven by the test."""

    def __init__(self, stub: AsyncStub, watch: OfferWatch, stopping: asyncio.Event) -> None:
        self.stub, self.watch, self.stopping = stub, watch, stopping

    def open(self, network: str = "") -> Any:
        return self.stub.WatchOffers(pb.WatchOffersRequest(network=network))

    async def look(self) -> None:
        self.watch._looked_at -= LOOK_SECONDS  # as if that time had passed
        await self.watch.run_once()


@pytest.fixture
async def watching(memory: MemoryOffersStore) -> AsyncIterator[Watching]:
    stopping = asyncio.Event()
    async with serving(memory.transactions, requests=memory_requests_of, stopping=stopping) as served:
        yield Watching(served.stub, served.watch, stopping)
        stopping.set()


async def next_of(stream: Any) -> offer_pb2.Offer:
    answer = await asyncio.wait_for(stream.read(), timeout=5)
    assert isinstance(answer, pb.WatchOffersResponse), answer
    return answer.offer


async def test_a_watcher_sees_the_favorites_then_what_changes(
    watching: Watching, memory_shop: Shop, clock: Clock
) -> None:
    await memory_shop.published(stock_total=1)
    await memory_shop.published(offer_id="paused", tag="Paused")
    await pause_offer(OfferId("paused"), transactions=memory_shop.transactions)
    stream = watching.open("x")
    first = await next_of(stream)

    await hold_stock([asks(at=clock())], transactions=memory_shop.transactions)
    await watching.look()
    held = await next_of(stream)
    await watching.look()
    await end_offer(KINDLE, transactions=memory_shop.transactions)
    await watching.look()
    ended = await next_of(stream)

    assert (first.offer_id, first.stock.available, held.stock.available) == ("kindle", 1, 0)
    assert ended.state == offer_pb2.OFFER_STATE_ENDED


async def test_a_watcher_of_another_network_sees_nothing_of_it(watching: Watching, memory_shop: Shop) -> None:
    await memory_shop.published()
    await memory_shop.published(offer_id="second", tag="Second", channels=("xbox",))

    only = await next_of(watching.open("xbox"))

    assert only.offer_id == "second"


async def test_looks_are_half_a_second_apart_and_nobody_looks_without_watchers(
    watching: Watching, memory_shop: Shop, clock: Clock
) -> None:
    assert await watching.watch.run_once() is False
    await memory_shop.published()
    stream = watching.open()
    await next_of(stream)

    await hold_stock([asks(at=clock())], transactions=memory_shop.transactions)
    await watching.watch.run_once()
    await hold_stock([asks(at=clock())], transactions=memory_shop.transactions)
    await watching.look()

    assert (await next_of(stream)).stock.held == 2


async def test_too_many_watchers_are_refused(watching: Watching, memory_shop: Shop) -> None:
    await memory_shop.published()
    streams = [watching.open() for _ in range(2)]
    for stream in streams:
        await next_of(stream)

    with pytest.raises(aio.AioRpcError) as refused:
        await watching.open().read()

    assert refused.value.code() is StatusCode.RESOURCE_EXHAUSTED
    assert "TOO_BUSY" in str(refused.value.trailing_metadata())


async def test_streams_end_when_the_process_stops(watching: Watching, memory_shop: Shop) -> None:
    await memory_shop.published()
    stream = watching.open()
    await next_of(stream)

    watching.stopping.set()

    ended = await asyncio.wait_for(stream.read(), timeout=5)
    assert not isinstance(ended, pb.WatchOffersResponse)
