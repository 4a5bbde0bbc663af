"""Follow orders: facts that other services tell move orders: replies, charges, lost links."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import CardmemberId, LinkId, OrderId, PostId
from orders.domain.change import Cause, Change, advance, looked_at
from orders.domain.charging import ChargeSeen, apply_charge
from orders.domain.confirming import EARLY, Confirming, prompted
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.posts import Verdict
from orders.domain.states import Fact
from orders.domain.taking_back import lose_link
from orders.usecases.ports import PostKey, Transactions, Unit
from orders.usecases.telling import told_of

NOTIFIER_CONSUMER, PAYMENTS_CONSUMER, IDENTITY_CONSUMER = "orders-notifier", "orders-payments", "orders-identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Our posted reply: its id, and its time by the network's clock."""

    post_id: PostId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Our prompt is posted, or will never be (`failure`)."""

    message_id: str
    order_id: OrderId
    posted: Posted | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTold:
    """Payments told the state of an order's charge."""

    message_id: str
    order_id: OrderId
    seen: ChargeSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost:
    """Identity froze or ended a link."""

    message_id: str
    cardmember_id: CardmemberId
    link_id: LinkId


class _Message(Protocol):
    @property
    def message_id(self) -> str: ...


M = TypeVar("M", bound=_Message)


async def apply_replies(replies: Sequence[Reply], *, transactions: Transactions, limits: Limits) -> None:
    """Start the confirmation window of each posted prompt, and decide the confirmation that overtook it."""
    async with transactions.begin() as unit:
        fresh = await _fresh(replies, consumer=NOTIFIER_CONSUMER, unit=unit)
        changes = await _looked_at(unit, (reply.order_id for reply in fresh))
        verdicts: list[Verdict] = []
        for reply in fresh:
            if (change := changes.get(reply.order_id)) is not None:
                after, early = _apply_reply(change, reply, _cause(unit, limits, reply.message_id))
                changes[reply.order_id] = after
                verdicts += _verdict_on_early(change.order, early)
        await _save(unit, changes)
        await _save_verdicts(unit, verdicts)
        failpoint(FailPoint.ORDERS_FACTS_UNCOMMITTED)
    failpoint(FailPoint.ORDERS_FACTS_COMMITTED)


async def apply_charges(told: Sequence[ChargeTold], *, transactions: Transactions, limits: Limits) -> None:
    """Move orders by their charges' events; what the answer of the call already did changes nothing."""
    async with transactions.begin() as unit:
        fresh = await _fresh(told, consumer=PAYMENTS_CONSUMER, unit=unit)
        changes = await _looked_at(unit, (each.order_id for each in fresh))
        for each in fresh:
            if (change := changes.get(each.order_id)) is not None:
                cause = _cause(unit, limits, each.message_id)
                changes[each.order_id] = apply_charge(change, each.seen, cause)
        await _save(unit, changes)
        failpoint(FailPoint.ORDERS_CHARGES_UNCOMMITTED)
    failpoint(FailPoint.ORDERS_CHARGES_COMMITTED)


async def lose_links(lost: Sequence[LinkLost], *, transactions: Transactions, limits: Limits) -> None:
    """Take back the open orders made by links that were frozen or ended; the account may have a newer link by now."""
    async with transactions.begin() as unit:
        fresh = await _fresh(lost, consumer=IDENTITY_CONSUMER, unit=unit)
        causes = {each.link_id: each.message_id for each in fresh}
        found = await unit.orders.lock_of_members({each.cardmember_id for each in fresh})
        changes = {
            order.order_id: lose_link(looked_at(order), _cause(unit, limits, causes[order.link_id]))
            for order in found
            if order.link_id in causes
        }
        await _save(unit, changes)
        failpoint(FailPoint.ORDERS_LINKS_UNCOMMITTED)
    failpoint(FailPoint.ORDERS_LINKS_COMMITTED)


def _apply_reply(change: Change, reply: Reply, cause: Cause) -> tuple[Change, Confirming | None]:
    if reply.posted is not None:
        return prompted(change, reply_id=reply.posted.post_id, posted_at=reply.posted.at, cause=cause)
    detail = f"Our reply could not be posted: {reply.failure}."
    return advance(change, Fact.REPLY_FAILED, cause, detail=detail, reason="REPLY_NOT_POSSIBLE"), None


def _verdict_on_early(order: Order, outcome: Confirming | None) -> list[Verdict]:
    early = order.early
    if outcome is None or early is None or early.post_id is None or early.version_id is None:
        return []
    return [
        Verdict(
            network=order.network,
            post_id=early.post_id,
            version_id=early.version_id,
            author_id=order.author_id,
            word=outcome.word,
            reason=outcome.reason,
            posted_at=early.at,
            order_id=order.order_id,
        )
    ]


async def _save_verdicts(unit: Unit, verdicts: Sequence[Verdict]) -> None:
    """Write what became of kept posts; a repost kept on several orders stays what it was to the one it was of."""
    known = await unit.verdicts.by_posts([_key(each) for each in verdicts]) if verdicts else {}
    decided: dict[PostKey, Verdict] = {}
    for each in verdicts:
        former = decided.get(_key(each), known.get(_key(each)))
        if each.had_effect or former is None or former.reason == EARLY:
            decided[_key(each)] = each
    await unit.verdicts.save(list(decided.values()))


def _key(verdict: Verdict) -> PostKey:
    return verdict.network, verdict.post_id


async def _fresh(messages: Sequence[M], *, consumer: str, unit: Unit) -> list[M]:
    new = await unit.inbox.add(consumer, [message.message_id for message in messages])
    return [message for message in messages if message.message_id in new]


async def _looked_at(unit: Unit, order_ids: Iterable[OrderId]) -> dict[OrderId, Change]:
    locked = await unit.orders.lock(order_ids)
    return {order_id: looked_at(order) for order_id, order in locked.items()}


async def _save(unit: Unit, changes: Mapping[OrderId, Change]) -> None:
    saved = await unit.orders.save([change for change in changes.values() if change.moved or change.told])
    await unit.outbox.add(told_of(saved))


def _cause(unit: Unit, limits: Limits, cause_id: str) -> Cause:
    return Cause(at=unit.at, limits=limits, id=cause_id)
