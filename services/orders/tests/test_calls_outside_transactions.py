"""Nothing crosses the network inside a transaction: locks and the horizon would wait for a peer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from services.orders.tests.orders_world import ANN, World

from orders.domain.states import CancelReason, State
from orders.inbound.steps import Steps
from orders.usecases.change_order import Asked, cancel_order
from orders.usecases.pass_time import expire_orders
from orders.usecases.ports import Transactions, Unit


class Watched:
    """Transactions that know whether one is open."""

    def __init__(self, inner: Transactions) -> None:
        self._inner, self.is_open = inner, False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        async with self._inner.begin() as unit:
            self.is_open = True
            try:
                yield unit
            finally:
                self.is_open = False


class Outside:
    """A peer that notes each call, and whether a transaction was open meanwhile."""

    def __init__(self, peer: Any, transactions: Watched, calls: list[tuple[str, bool]]) -> None:
        self._peer, self._transactions, self._calls = peer, transactions, calls

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any) -> Any:
            self._calls.append((name, self._transactions.is_open))
            return await getattr(self._peer, name)(*given)

        return call


async def test_no_peer_is_called_inside_a_transaction(memory_world: World) -> None:
    world, calls = memory_world, list[tuple[str, bool]]()
    watched = Watched(world.transactions)

    def outside(peer: Any) -> Any:
        return Outside(peer, watched, calls)

    world.transactions, world.links = watched, outside(world.links)
    world.replies, backlog = outside(world.replies), outside(world.backlog)
    stock, charges = outside(world.stock), outside(world.charges)
    world.peers = replace(world.peers, links=world.links, stock=stock, charges=charges)
    world.steps = Steps(peers=world.peers, transactions=watched, limits=world.limits)

    await _buy_and_cancel(world)
    await _let_time_pass(world, backlog=backlog)

    assert {name for name, _ in calls} >= {"of_accounts", "hold", "commit", "authorize", "void", "release", "pending"}
    assert [name for name, inside in calls if inside] == []


async def _buy_and_cancel(world: World) -> None:
    await _take_turns(world, await world.prompted())
    (order,) = [order for order in world.store.kept.orders.values() if order.state is State.AUTHORIZED]  # type: ignore[attr-defined] # the store in memory
    asked = Asked(order_id=order.order_id, request_id="r")
    await cancel_order(asked, CancelReason.CARDMEMBER, transactions=world.transactions, limits=world.limits)
    await world.settle()


async def _take_turns(world: World, order: Any) -> None:
    await world.receive(world.post(ANN, order.confirmation_tag))
    await world.settle()


async def _let_time_pass(world: World, *, backlog: Any) -> None:
    await world.held()
    world.pass_time(minutes=30)
    await world.pass_deadlines()
    await world.prompted()
    world.pass_time(minutes=30)
    await expire_orders(
        backlog=backlog, transactions=world.transactions, limits=world.limits, on_expired=lambda _ends, _at: None
    )
