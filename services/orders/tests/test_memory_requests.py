"""Request ids in memory belong to their unit: what it claimed and did not commit may be asked again."""

from datetime import UTC, datetime

import pytest

from chassis.idempotency import FirstTime
from orders.outbound.memory import MemoryStore, OrdersInMemory

AT = datetime(2026, 3, 2, tzinfo=UTC)


async def claim_and_fail(transactions: OrdersInMemory) -> None:
    async with transactions.begin() as unit:
        await unit.requests("AcceptShipment").claim("id", contents=b"first")
        raise ConnectionError


async def test_a_request_id_of_a_unit_that_failed_is_free_again() -> None:
    transactions = OrdersInMemory(MemoryStore(at=AT), on_saved=lambda _saved: None)
    with pytest.raises(ConnectionError):
        await claim_and_fail(transactions)

    async with transactions.begin() as unit:
        claim = await unit.requests("AcceptShipment").claim("id", contents=b"second")

    assert claim == FirstTime()
