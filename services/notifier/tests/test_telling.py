"""Every piece of news can be put into words, and what was said can be looked up; on memory and on PostgreSQL."""

from dataclasses import replace

import pytest
from services.notifier.tests.notifier_world import (
    ORDER,
    World,
    link_news,
    offer_news,
    order_news,
)

from notifier.domain.delivery import DeliveryState
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.usecases.ports import DeliveryFilter, PageCursor
from notifier.usecases.read_deliveries import list_deliveries

HELD = order_news(OrderNewsKind.HELD)


async def test_deliveries_are_listed_page_by_page(world: World) -> None:
    await world.hear(HELD, offer_news(), *(link_news(kind) for kind in LinkNewsKind))

    first = await list_deliveries(DeliveryFilter(), after=None, limit=3, transactions=world.transactions)
    cursor = PageCursor(created_at=first[-1].created_at, delivery_id=first[-1].delivery_id)
    rest = await list_deliveries(DeliveryFilter(), after=cursor, limit=3, transactions=world.transactions)
    of_order = DeliveryFilter(order_id=ORDER.order_id, states=frozenset({DeliveryState.WAITING}))

    assert len({each.delivery_id for each in (*first, *rest)}) == 5
    assert len(await list_deliveries(of_order, after=None, limit=9, transactions=world.transactions)) == 1


async def test_nothing_to_do_is_nothing_done(world: World) -> None:
    assert not await world.send_posts()
    assert not await world.send_mails()
    assert await world.hear() == []


@pytest.mark.parametrize("kind", list(OrderNewsKind))
async def test_every_news_can_be_put_into_words(world: World, kind: OrderNewsKind) -> None:
    long = replace(ORDER, title="Ein sehr langer Titel " * 4, merchant="Merchant & <b>Sons</b>")
    await world.hear(order_news(kind, reason="TOO_LATE", order=long))

    await world.send_posts()
    await world.send_mails()

    assert {each.state for each in await world.all()} <= {DeliveryState.SENT}
    assert all(b"<b>Sons</b>" not in mail.content.split(b"text/html")[-1] for mail in world.mailer.taken)
