"""What a batch of holds reads grows with the batch, not with the holds there ever were."""

import pytest
from services.offers.tests.offers_world import Clock, Shop, asks

from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from offers.outbound.postgres_holds import PostgresHolds

_READ_WHOLE = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'hold'"


@pytest.mark.servers
async def test_no_hold_but_the_batchs_own_is_read(postgres_shop: Shop, database: Database, clock: Clock) -> None:
    await postgres_shop.published()

    async with database.transaction() as connection:
        await PostgresHolds(connection).facts([asks(at=clock())])
        (hold,) = await fetch_unnest(connection, _READ_WHOLE)

    assert hold["seq_scan"] == 0
