"""Bad input to orders' calls: each gets its reason, none an error of ours."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from services.orders.tests.calls_world import Served, calls_to, reason_of
from services.orders.tests.orders_world import World

from chassis.validation import page_token
from hashtill.common.v1.money_pb2 import Money
from hashtill.orders.v1 import order_pb2
from hashtill.orders.v1 import orders_service_pb2 as pb


@pytest.fixture
async def orders(memory_world: World) -> AsyncIterator[Served]:
    async with calls_to(memory_world) as orders:
        yield orders


@pytest.mark.parametrize(
    ("method", "request_message", "reason"),
    [
        ("GetOrder", pb.GetOrderRequest(order_id="42"), "INVALID_FIELD"),
        ("GetOrder", pb.GetOrderRequest(order_id=str(uuid4())), "ORDER_NOT_FOUND"),
        ("BatchGetOrders", pb.BatchGetOrdersRequest(), "INVALID_FIELD"),
        ("BatchGetOrders", pb.BatchGetOrdersRequest(order_ids=["x"] * 201), "INVALID_FIELD"),
        ("ListOrders", pb.ListOrdersRequest(page_size=-1), "INVALID_FIELD"),
        ("ListOrders", pb.ListOrdersRequest(page_token="forged"), "INVALID_FIELD"),
        ("ListOrders", pb.ListOrdersRequest(page_token=page_token("yesterday", "42")), "INVALID_FIELD"),
        ("ListOrders", pb.ListOrdersRequest(states=[99]), "INVALID_FIELD"),  # type: ignore[list-item] # a number from the future
        ("ListOrders", pb.ListOrdersRequest(cardmember_id="42"), "INVALID_FIELD"),
        ("ListOrders", pb.ListOrdersRequest(post_id="42"), "INVALID_FIELD"),
        ("ExplainOrder", pb.ExplainOrderRequest(), "INVALID_FIELD"),
        ("ExplainOrder", pb.ExplainOrderRequest(order_id=str(uuid4())), "ORDER_NOT_FOUND"),
        ("ExplainOrder", pb.ExplainOrderRequest(post=pb.PostKey(network="x", post_id="1")), "ORDER_NOT_FOUND"),
        ("ExplainOrder", pb.ExplainOrderRequest(post=pb.PostKey(network="x")), "INVALID_FIELD"),
        ("ListShipmentsDue", pb.ListShipmentsDueRequest(), "INVALID_FIELD"),
        ("ConfirmOrder", pb.ConfirmOrderRequest(page_token="forged"), "PAGE_ADDRESS_INVALID"),
        ("ConfirmOrder", pb.ConfirmOrderRequest(page_token="A" * 101), "PAGE_ADDRESS_INVALID"),
        ("CancelOrder", pb.CancelOrderRequest(reason=order_pb2.CANCEL_REASON_CARDMEMBER), "INVALID_FIELD"),
        ("CancelOrder", pb.CancelOrderRequest(order_id=str(uuid4())), "INVALID_FIELD"),
        (
            "CancelOrder",
            pb.CancelOrderRequest(order_id=str(uuid4()), reason=order_pb2.CANCEL_REASON_LINK_ENDED),
            "INVALID_FIELD",
        ),
        ("AcceptShipment", pb.AcceptShipmentRequest(merchant_id="acme", order_id=str(uuid4())), "INVALID_FIELD"),
        ("RecordShipment", pb.RecordShipmentRequest(merchant_id="acme", order_id=str(uuid4())), "INVALID_FIELD"),
        (
            "RequestReturn",
            pb.RequestReturnRequest(merchant_id="acme", amount=Money(amount_minor=-1, currency_code="USD")),
            "INVALID_FIELD",
        ),
        (
            "RequestReturn",
            pb.RequestReturnRequest(merchant_id="acme", amount=Money(amount_minor=1, currency_code="usd")),
            "INVALID_FIELD",
        ),
    ],
)
async def test_bad_input_gets_itsreason_of(orders: Served, method: str, request_message: Any, reason: str) -> None:
    assert await reason_of(getattr(orders.stub, method)(request_message)) == reason
