"""Take steps: lease what is due (tx), call the peer (no tx), apply its answers (tx); the unknown is asked again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from kernel.chance import CHANCE
from kernel.failpoints import FailPoint, failpoint
from kernel.ids import OrderId
from kernel.refusals import Refusal
from orders.domain.change import Cause, Change, looked_at
from orders.domain.charging import ChargeSeen, apply_charge, decline, stuck
from orders.domain.holding import apply_commit, apply_hold, apply_lost_link, apply_release
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.purchasing import LinkStatus
from orders.domain.states import Command
from orders.usecases.ports import Charges, Links, NewTag, Postponed, Stock, Transactions, Unit
from orders.usecases.telling import told_of

STEPS_MAX = 200
"""Orders of one call: what every Batch* takes."""

PAUSE_FIRST_SECONDS = 0.5
PAUSE_MOST_SECONDS = 30.0
"""A step that had no answer is tried again between these, doubling, with jitter, so that replicas spread."""

PAUSE_AWAY_SECONDS = 3.0
"""The longest pause while a peer is away, so that nobody waits for much more than the outage itself."""

_CARD_GONE = "CARD_NOT_FOUND"

Decide: TypeAlias = Callable[[Change, Cause], Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Whom steps ask."""

    links: Links
    stock: Stock
    charges: Charges
    new_tag: NewTag


async def lease_steps(*, transactions: Transactions, limits: Limits) -> list[Order]:
    """Take the steps that are due and nobody holds: the net under the normal path, and the healing after a crash."""
    async with transactions.begin() as unit:
        return await unit.orders.lease_due(at=unit.at, lease=limits.lease, count_max=STEPS_MAX)


async def take_steps(
    command: Command, orders: Sequence[Order], *, peers: Peers, transactions: Transactions, limits: Limits
) -> None:
    """Do one command for leased orders, and write down what came of it."""
    failpoint(FailPoint.ORDERS_STEP_LEASED)
    decisions = await _CALLS[command](orders, peers)
    failpoint(FailPoint.ORDERS_STEP_ANSWERED)
    async with transactions.begin() as unit:
        cause = Cause(at=unit.at, limits=limits, id=f"step:{command}")
        answered = [order for order in orders if order.order_id in decisions]
        saved = await _save(unit, answered, decisions, cause)
        moved = {change.order.order_id for change in saved}
        lost = [order.order_id for order in answered if order.order_id not in moved]
        again = await unit.orders.lock(lost) if lost else {}
        saved += await _save(unit, again.values(), decisions, cause)
        await unit.outbox.add(told_of(saved))
        moved = {change.order.order_id for change in saved}
        waiting = [order for order in orders if order.order_id not in moved]
        await unit.orders.postpone([_later(order, cause) for order in waiting])
        failpoint(FailPoint.ORDERS_STEP_UNCOMMITTED)
    failpoint(FailPoint.ORDERS_STEP_COMMITTED)


async def keep_leases(orders: Sequence[Order], *, transactions: Transactions, limits: Limits) -> None:
    """Hold on to steps that are still under way here, so that a lease runs out only when its process died."""
    async with transactions.begin() as unit:
        until = unit.at + limits.lease
        await unit.orders.postpone([Postponed(order=order, next_step_at=until) for order in orders])


async def postpone_steps(
    orders: Sequence[Order], *, transactions: Transactions, limits: Limits, most_seconds: float = PAUSE_MOST_SECONDS
) -> None:
    """Try these again later: their call failed, because the peer is away or in a way nobody foresaw."""
    async with transactions.begin() as unit:
        cause = Cause(at=unit.at, limits=limits)
        await unit.orders.postpone([_later(order, cause, most_seconds=most_seconds) for order in orders])


async def _save(unit: Unit, orders: Iterable[Order], decisions: Mapping[OrderId, Decide], cause: Cause) -> list[Change]:
    """Decide on the orders as we know them; what has moved on meanwhile loses here, is read again and decided again."""
    changes = [decisions[order.order_id](looked_at(order), cause) for order in orders]
    return await unit.orders.save([change for change in changes if change.moved])


def _later(order: Order, cause: Cause, *, most_seconds: float = PAUSE_MOST_SECONDS) -> Postponed:
    most = min(most_seconds, PAUSE_FIRST_SECONDS * 2 ** min(order.attempts, 10))
    pause = CHANCE.uniform(most / 2, most)
    return Postponed(order=order, next_step_at=cause.at + timedelta(seconds=pause))


async def _hold(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    answers = await peers.stock.hold(orders)
    return {order_id: partial(apply_hold, held=held, tag=peers.new_tag()) for order_id, held in answers.items()}


async def _commit(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    """Read the links again, then make the holds of those that still buy final."""
    links = await peers.links.of_accounts([(order.network, order.author_id) for order in orders])
    linked = []
    for order in orders:
        link = links.get((order.network, order.author_id))
        if link is not None and link.status is LinkStatus.ACTIVE and link.link_id == order.link_id:
            linked.append(order)
    decisions: dict[OrderId, Decide] = {order.order_id: apply_lost_link for order in orders}
    for order in linked:
        del decisions[order.order_id]
    answers = await peers.stock.commit(linked) if linked else {}
    return decisions | {order_id: partial(apply_commit, refusal=refusal) for order_id, refusal in answers.items()}


async def _authorize(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    """Ask for the authorization once; after that ask by key what became of it, anew only if payments never heard."""
    asked = await peers.charges.ask(again) if (again := [order for order in orders if order.attempts > 0]) else {}
    unheard = {order_id for order_id, answer in asked.items() if isinstance(answer, Refusal)}
    first = [order for order in orders if order.attempts == 0 or order.order_id in unheard]
    answers = await peers.charges.authorize(first) if first else {}
    return _charged({**{key: answer for key, answer in asked.items() if key not in unheard}, **answers})


async def _capture(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    """Take the money; what is refused is asked about, for it may have lapsed: a refusal alone decides nothing."""
    answers = await peers.charges.capture(orders)
    refused = [order for order in orders if isinstance(answers.get(order.order_id), Refusal)]
    asked = await peers.charges.ask(refused) if refused else {}
    return _charged({key: answer for key, answer in answers.items() if not isinstance(answer, Refusal)} | asked)


async def _void(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    return _charged(await peers.charges.void(orders))


async def _refund(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    return _charged(await peers.charges.refund(orders))


async def _release(orders: Sequence[Order], peers: Peers) -> Mapping[OrderId, Decide]:
    answers = await peers.stock.release(orders)
    return {order_id: apply_release for order_id, refusal in answers.items() if refusal is None}


def _charged(answers: Mapping[OrderId, ChargeSeen | Refusal]) -> Mapping[OrderId, Decide]:
    return {order_id: partial(_apply_answer, answer=answer) for order_id, answer in answers.items()}


def _apply_answer(change: Change, cause: Cause, *, answer: ChargeSeen | Refusal) -> Change:
    if not isinstance(answer, Refusal):
        return apply_charge(change, answer, cause)
    if answer.reason == _CARD_GONE:
        return decline(change, answer.reason, cause)
    return stuck(change, answer.reason, cause)


_Call: TypeAlias = Callable[[Sequence[Order], Peers], Awaitable[Mapping[OrderId, Decide]]]

_CALLS: Mapping[Command, _Call] = {
    Command.HOLD: _hold,
    Command.COMMIT: _commit,
    Command.AUTHORIZE: _authorize,
    Command.CAPTURE: _capture,
    Command.VOID: _void,
    Command.RELEASE: _release,
    Command.REFUND: _refund,
}
