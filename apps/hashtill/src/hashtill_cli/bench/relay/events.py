"""Events as orders tells them: OrderConfirmed with a whole order, told again and again of the same aggregates."""

import uuid
from collections.abc import Iterator
from datetime import datetime

from chassis.outbox import OutboxMessage
from hashtill.common.v1.money_pb2 import Money
from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1.events_pb2 import OrderConfirmed

AGGREGATES = 1_000
"""Orders a writer tells of, one after the other: each is told of often enough for its order to be checked."""

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def events(*, at: datetime) -> Iterator[OutboxMessage]:
    """Tell for ever, of each aggregate with rising versions."""
    orders = [_order() for _ in range(AGGREGATES)]
    version = 0
    while True:
        version += 1
        for order in orders:
            order.version = version
            event = OrderConfirmed(order=order)
            event.confirmed_at.FromDatetime(at)
            yield OutboxMessage(aggregate=order.order_id, version=version, event=event, at=at, traceparent=TRACE)


def _order() -> order_pb2.Order:
    return order_pb2.Order(
        order_id=str(uuid.uuid4()),
        state=order_pb2.ORDER_STATE_COMMITTING,
        network="x",
        post_id="2124699298565193743",
        author_id="1504210223116181504",
        author_handle="mia_dbcnz0",
        link_id=str(uuid.uuid4()),
        cardmember_id=str(uuid.uuid4()),
        tag="buykindlefirehd",
        confirmation_tag="ok744cc524",
        prompt_post_id="2124699301400543232",
        offer_id="kindle-fire-hd",
        merchant_id="acme-electronics",
        merchant_name="Acme Electronics",
        title="Kindle Fire HD",
        fulfilment="GOODS",
        price=_usd(14_999),
        tax=_usd(1_332),
        shipping=_usd(0),
        total=_usd(16_331),
        confirmation_kind=order_pb2.CONFIRMATION_KIND_POST,
        confirmation_post_id="2124699345678901248",
    )


def _usd(minor: int) -> Money:
    return Money(amount_minor=minor, currency_code="USD")
