"""What a use case does when another was faster: it looks again, a bounded number of times."""

import uuid
from collections.abc import Sequence

import pytest
from services.offers.tests.offers_world import Clock, Shop, accepted, asks, reason_of

from kernel.ids import OrderId
from offers.domain.hold import Hold
from offers.outbound.memory import MemoryOffersStore, MemoryUnit
from offers.outbound.memory_holds import MemoryHolds, MemoryStore
from offers.usecases.hold_stock import hold_stock
from offers.usecases.ports import Added
from offers.usecases.settle_holds import release_holds


class SlowHolds(MemoryHolds):
    """Loses as many races as it is told: what it would write was not written."""

    def __init__(self, store: MemoryStore, losses: list[None]) -> None:
        super().__init__(store)
        self._losses = losses

    async def add(self, holds: Sequence[Hold]) -> Added:
        if self._losses:
            self._losses.pop()
            return Added(order_ids=frozenset(), stock={})
        return await super().add(holds)

    async def bury(self, order_ids: Sequence[OrderId]) -> frozenset[OrderId]:
        if self._losses:
            self._losses.pop()
            return frozenset()
        return await super().bury(order_ids)


class SlowStore(MemoryOffersStore):
    """A memory store that loses its first races."""

    def __init__(self, clock: Clock, *, losses: int) -> None:
        self.losses: list[None] = [None] * losses
        super().__init__(clock)

    def _unit(self) -> MemoryUnit:
        unit = super()._unit()
        fields = {name: getattr(unit, name) for name in MemoryUnit.__dataclass_fields__}
        return MemoryUnit(**fields | {"holds": SlowHolds(self.store, self.losses)})


async def slow_shop(clock: Clock, *, losses: int) -> Shop:
    store = SlowStore(clock, losses=losses)
    shop = Shop(transactions=store.transactions, clock=clock, events=list)
    await shop.published(stock_total=1)
    return shop


async def test_a_hold_that_was_not_written_is_decided_again_with_all_that_rested_on_it(clock: Clock) -> None:
    shop = await slow_shop(clock, losses=1)
    asked = [asks(at=clock()), asks(at=clock()), asks("nothing", at=clock())]

    first, second, third = await hold_stock(asked, transactions=shop.transactions)

    assert accepted(first).order_id == asked[0].order_id
    assert (reason_of(second), reason_of(third)) == ("ALL_HELD", "OFFER_NOT_FOUND")


async def test_a_hold_that_loses_every_race_is_told_to_ask_again(clock: Clock) -> None:
    shop = await slow_shop(clock, losses=99)

    [answer] = await hold_stock([asks(at=clock())], transactions=shop.transactions)

    assert reason_of(answer) == "TOO_BUSY"


async def test_a_release_that_loses_its_race_looks_again_and_then_says_so(clock: Clock) -> None:
    order_id = OrderId(uuid.uuid4())
    shop = await slow_shop(clock, losses=1)
    await release_holds([order_id], transactions=shop.transactions)

    hopeless = await slow_shop(clock, losses=99)

    with pytest.raises(RuntimeError, match="releasing them again"):
        await release_holds([order_id], transactions=hopeless.transactions)
