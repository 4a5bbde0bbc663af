"""The notifier over the wire: events become news, and what was said is listed page by page."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from grpc import aio
from services.notifier.tests.notifier_world import ANN, NOW, ORDER, World, offer_news, order_news

from chassis.messages import ReceivedMessage, inbox_id
from chassis.refusal_status import refusal_of
from chassis.testing import served
from hashtill.common.v1.money_pb2 import Money
from hashtill.identity.v1 import events_pb2 as identity_events
from hashtill.notifier.v1 import delivery_pb2
from hashtill.notifier.v1 import notifier_service_pb2 as pb
from hashtill.notifier.v1.notifier_service_pb2_grpc import (
    NotifierServiceStub,
    add_NotifierServiceServicer_to_server,
)
from hashtill.offers.v1 import events_pb2 as offers_events
from hashtill.offers.v1.offer_pb2 import Offer
from hashtill.orders.v1 import events_pb2 as orders_events
from hashtill.orders.v1.order_pb2 import CONFIRMATION_KIND_MAIL, CONFIRMATION_KIND_POST, Order
from notifier.domain.delivery import Delivery
from notifier.domain.news import LinkNews, OfferNews, OrderNews, OrderNewsKind, RefusalNews
from notifier.inbound.news import news_of
from notifier.inbound.servicer import NotifierServicer
from notifier.outbound.memory import MemoryStore


def message(event: Any) -> ReceivedMessage:
    return ReceivedMessage(
        message_id=inbox_id(name="m", at=NOW),
        type=event.DESCRIPTOR.full_name,
        event=event,
        aggregate="a",
        version=3,
        at=NOW,
        traceparent=None,
        subject="s",
        deliveries=1,
        sequence=1,
    )


def order(**changes: Any) -> Order:
    told: dict[str, Any] = {
        "order_id": str(ORDER.order_id),
        "cardmember_id": str(ANN),
        "network": "x",
        "post_id": "100",
        "total": Money(amount_minor=16_330, currency_code="USD"),
    }
    return Order(**(told | changes))


def test_an_order_is_told_in_words_ready_for_people() -> None:
    (news,) = news_of(message(orders_events.OrderHeld(order=order(), confirm_window_seconds=900)))

    assert isinstance(news, OrderNews)
    assert (news.order.total, news.confirm_window_seconds) == ("$163.30", 900)


@pytest.mark.parametrize(("kind", "answered"), [(CONFIRMATION_KIND_POST, "300"), (CONFIRMATION_KIND_MAIL, None)])
def test_only_a_confirming_post_is_answered(kind: Any, answered: str | None) -> None:
    told = order(confirmation_kind=kind, confirmation_post_id="300")

    (news,) = news_of(message(orders_events.OrderAuthorized(order=told)))

    assert isinstance(news, OrderNews)
    assert news.order.confirming_post_id == answered


def test_a_late_confirmation_names_the_post_to_answer() -> None:
    late = orders_events.ConfirmationRefused(order=order(), post_id="400", reason="TOO_LATE")

    (news,) = news_of(message(late))

    assert isinstance(news, OrderNews)
    assert (news.answer_to, news.reason) == ("400", "TOO_LATE")


def test_a_refusal_without_an_order_has_none() -> None:
    (news,) = news_of(message(orders_events.PurchaseRefused(network="x", post_id="1", reason="NOT_LINKED")))

    assert isinstance(news, RefusalNews)
    assert (news.order_id, news.cardmember_id) == (None, None)


def test_an_offer_is_news_on_each_of_its_networks() -> None:
    published = offers_events.OfferPublished(offer=Offer(offer_id="o", channels=["x", "orkut"]))

    found = news_of(message(published))

    assert [each.network for each in found if isinstance(each, OfferNews)] == ["x", "orkut"]


def test_a_link_that_was_linked_anew_ended_without_a_word() -> None:
    relinked = identity_events.LinkEnded(cardmember_id=str(ANN), network="x", reason="RELINKED")
    frozen = identity_events.LinkFrozen(cardmember_id=str(ANN), network="x", reason="NOT_ME")
    cardless = identity_events.LinkEnded(network="x", reason="CARDMEMBER")

    assert news_of(message(relinked)) == news_of(message(cardless)) == []
    assert isinstance(news_of(message(frozen))[0], LinkNews)


def test_what_nobody_is_told_of_is_no_news() -> None:
    assert news_of(message(orders_events.OrderConfirmed(order=order()))) == []


@pytest.fixture
async def stub(memory: MemoryStore) -> AsyncIterator[Any]:
    servicer = NotifierServicer(memory.transactions())
    async with served((add_NotifierServiceServicer_to_server, servicer)) as channel:
        yield NotifierServiceStub(channel)


async def test_deliveries_are_listed_by_order_state_and_page(memory: MemoryStore, stub: Any) -> None:
    world = World(memory.transactions())
    planned: list[Delivery] = [*await world.hear(order_news(OrderNewsKind.HELD), offer_news())]
    memory.at += timedelta(seconds=1)
    await world.send_posts()

    first = await stub.ListDeliveries(pb.ListDeliveriesRequest(page_size=2))
    rest = await stub.ListDeliveries(pb.ListDeliveriesRequest(page_size=2, page_token=first.next_page_token))
    sent = [delivery_pb2.DELIVERY_STATE_SENT]
    asked = pb.ListDeliveriesRequest(order_id=str(ORDER.order_id), states=sent)
    prompts = await stub.ListDeliveries(asked)

    assert len({each.delivery_id for each in (*first.deliveries, *rest.deliveries)}) == len(planned) + 1
    assert [each.purpose for each in prompts.deliveries] == [delivery_pb2.PURPOSE_PROMPT]


@pytest.mark.parametrize(
    "asked", [{"order_id": "7"}, {"page_token": "rubbish"}, {"page_size": -1}, {"states": [99]}, {"states": [0]}]
)
async def test_a_bad_question_names_its_field(stub: Any, asked: dict[str, Any]) -> None:
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ListDeliveries(pb.ListDeliveriesRequest(**asked))

    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.facts["field"] == next(iter(asked))
