"""Read orders: one, many, a page, a merchant's parcels, and an order's whole story."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kernel.ids import MerchantId, OrderId
from kernel.refusals import Refusal
from orders.domain.order import Order
from orders.domain.shipping import NOT_FOUND
from orders.usecases.ports import (
    Addresses,
    DatedVerdict,
    OrderFilter,
    PostKey,
    ShipTo,
    StoryStep,
    Transactions,
)

Position: TypeAlias = tuple[datetime, OrderId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Orders, and where the next page starts; None on the last one."""

    orders: Sequence[Order]
    next_after: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An order with every step, and every post that touched it; for a post that made none, the verdict alone."""

    order: Order | None
    steps: Sequence[StoryStep]
    verdicts: Sequence[DatedVerdict]


async def get_orders(order_ids: Sequence[OrderId], *, transactions: Transactions) -> dict[OrderId, Order]:
    """Read many; an unknown one is missing."""
    async with transactions.begin() as unit:
        return await unit.orders.get(order_ids)


async def list_orders(
    wanted: OrderFilter, *, after: Position | None, count_max: int, transactions: Transactions
) -> Page:
    """List orders, newest first."""
    async with transactions.begin() as unit:
        found = await unit.orders.page(wanted, after=after, count_max=count_max + 1)
    last = found[:count_max][-1] if len(found) > count_max else None
    return Page(orders=found[:count_max], next_after=(last.created_at, last.order_id) if last else None)


async def list_shipments_due(
    merchant_id: MerchantId,
    *,
    after: Position | None,
    count_max: int,
    addresses: Addresses,
    transactions: Transactions,
) -> tuple[Page, dict[OrderId, ShipTo]]:
    """List what a merchant may accept or must ship, with where it goes."""
    async with transactions.begin() as unit:
        found = await unit.orders.shipments_due(merchant_id, after=after, count_max=count_max + 1)
    shown = found[:count_max]
    ship_to = await addresses.of_cards(list({order.card_token for order in shown})) if shown else {}
    last = shown[-1] if len(found) > count_max else None
    page = Page(orders=shown, next_after=(last.created_at, last.order_id) if last else None)
    return page, {order.order_id: ship_to[order.card_token] for order in shown if order.card_token in ship_to}


async def explain_order(order_id: OrderId, *, transactions: Transactions) -> Story | Refusal:
    """Tell an order's story."""
    async with transactions.begin() as unit:
        order = (await unit.orders.get([order_id])).get(order_id)
        if order is None:
            return NOT_FOUND
        steps = await unit.orders.story(order_id)
        return Story(order=order, steps=steps, verdicts=await unit.verdicts.of_order(order_id))


async def explain_post(key: PostKey, *, transactions: Transactions) -> Story | Refusal:
    """Tell the story of the order a post touched, or the verdict on a post that touched none."""
    async with transactions.begin() as unit:
        dated = await unit.verdicts.of_post(*key)
    if dated is None:
        return NOT_FOUND
    if dated.verdict.order_id is None:
        return Story(order=None, steps=(), verdicts=(dated,))
    return await explain_order(dated.verdict.order_id, transactions=transactions)
