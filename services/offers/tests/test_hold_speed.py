"""How fast one hot offer sells: printed, never asserted."""

import asyncio
import time

import pytest
from services.offers.tests.offers_world import Clock, Shop, asks, never_an_outage

from chassis.postgres import Database
from offers.outbound.postgres import PostgresTransactions
from offers.usecases.gather_holds import HoldGatherer
from offers.usecases.hold_stock import hold_stock

BUYERS, EACH = 400, 15
"""Buyers at once, and how many holds each asks for one after another."""


@pytest.mark.servers
async def test_one_hot_offer_sells_to_many_at_once(postgres_shop: Shop, database: Database, clock: Clock) -> None:
    clock.at = await database.now()
    await postgres_shop.published(stock_total=BUYERS * EACH)
    transactions = PostgresTransactions(database=database)
    gatherer = HoldGatherer(lambda asked: hold_stock(asked, transactions=transactions), is_outage=never_an_outage)

    async def buyer() -> list[float]:
        waits = []
        for _ in range(EACH):
            began = time.perf_counter()
            await gatherer.hold([asks(at=clock())])
            waits.append(time.perf_counter() - began)
        return waits

    began = time.perf_counter()
    waits = sorted(wait for each in await asyncio.gather(*(buyer() for _ in range(BUYERS))) for wait in each)
    took = time.perf_counter() - began

    stock = (await postgres_shop.offer()).stock
    middle, late = waits[len(waits) // 2] * 1e3, waits[len(waits) * 99 // 100] * 1e3
    print(f"\nholds/s {len(waits) / took:,.0f}, p50 {middle:.1f} ms, p99 {late:.1f} ms")  # noqa: T201 - the figure
    assert (stock.available, stock.held) == (0, BUYERS * EACH)
