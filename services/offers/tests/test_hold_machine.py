"""Any order of holding, committing, releasing and lapsing keeps the stock and the limits."""

import asyncio
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from services.offers.tests.offers_world import Clock, Shop, asks

from kernel.ids import CardmemberId, OrderId
from offers.domain.hold import Hold, HoldState
from offers.outbound.memory import MemoryOffersStore
from offers.usecases.hold_stock import hold_stock
from offers.usecases.settle_holds import commit_holds, lapse_holds, release_holds

ORDERS = st.integers(min_value=1, max_value=12).map(lambda number: OrderId(uuid.UUID(int=number)))
MEMBERS = st.integers(min_value=1, max_value=4).map(lambda number: CardmemberId(uuid.UUID(int=number)))
TOTAL, LIMIT = 4, 2


class HoldMachine(RuleBasedStateMachine):
    """One offer of four units, at most two a member, and a dozen orders of four members."""

    @initialize()
    def open_shop(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.memory = MemoryOffersStore(self.clock)
        self.transactions = self.memory.transactions
        shop = Shop(transactions=self.transactions, clock=self.clock, events=list)
        self.run(shop.published(stock_total=TOTAL, per_member_limit=LIMIT))

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    @rule(order_id=ORDERS, member=MEMBERS)
    def hold(self, order_id: OrderId, member: CardmemberId) -> None:
        asked = asks(at=self.clock(), order_id=order_id, cardmember_id=member)
        [answer] = self.run(hold_stock([asked], transactions=self.transactions))
        assert not isinstance(answer, Hold) or answer.is_open_at(self.clock())

    @rule(order_ids=st.lists(ORDERS, min_size=1, max_size=3))
    def commit(self, order_ids: list[OrderId]) -> None:
        answers = self.run(commit_holds(order_ids, transactions=self.transactions))
        known = self.memory.store.holds
        for order_id, answer in zip(order_ids, answers, strict=True):
            hold = known.get(order_id)
            assert (answer is None) == (isinstance(hold, Hold) and hold.state is HoldState.COMMITTED)

    @rule(order_ids=st.lists(ORDERS, min_size=1, max_size=3))
    def release(self, order_ids: list[OrderId]) -> None:
        self.run(release_holds(order_ids, transactions=self.transactions))
        assert not any(
            isinstance(hold, Hold) and hold.is_open_at(self.clock())
            for hold in map(self.memory.store.holds.get, order_ids)
        )

    @rule(minutes=st.integers(min_value=1, max_value=50))
    def wait(self, minutes: int) -> None:
        self.clock.forward(timedelta(minutes=minutes))

    @rule()
    def lapse(self) -> None:
        self.run(lapse_holds(transactions=self.transactions))

    @invariant()
    def stock_is_conserved_and_limits_hold(self) -> None:
        if not hasattr(self, "memory"):
            return
        holds = [hold for hold in self.memory.store.holds.values() if isinstance(hold, Hold)]
        states = Counter(hold.state for hold in holds)
        [offer] = self.memory.store.offers.values()
        stock = offer.stock
        assert (stock.held, stock.committed) == (states[HoldState.HELD], states[HoldState.COMMITTED])
        assert (stock.total, stock.available >= 0) == (TOTAL, True)
        taken = Counter(hold.cardmember_id for hold in holds if hold.state in {HoldState.HELD, HoldState.COMMITTED})
        assert all(count <= LIMIT for count in taken.values())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.close()


TestHoldMachine = HoldMachine.TestCase
TestHoldMachine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
