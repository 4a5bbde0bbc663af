"""Payments served over the wire in tests: the stub, and what a refused call or item said."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc
import pytest
from grpc import aio
from services.payments.tests.payments_world import World

from chassis.refusal_status import refusal_from_status, refusal_of
from chassis.testing import served
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub, add_PaymentsServiceServicer_to_server
from payments.inbound.card_servicer import PageAddresses
from payments.inbound.servicer import PaymentsServicer
from payments.outbound.postgres import requests_of

PAGES = "https://sync.example"


@contextlib.asynccontextmanager
async def on_the_wire(world: World) -> AsyncIterator[Any]:
    """Serve a world's payments for the block; gives the stub."""
    addresses = PageAddresses(pages_url="https://cards.sync.example", return_origins=frozenset({PAGES}))
    transactions: Any = world.transactions
    servicer = PaymentsServicer(transactions, requests=requests_of, desk=world.desk(), addresses=addresses)
    async with served((add_PaymentsServiceServicer_to_server, servicer)) as channel:
        yield PaymentsServiceStub(channel)


async def refused(call: Any) -> str:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    assert refusal is not None, caught.value
    assert caught.value.code() is not grpc.StatusCode.INTERNAL
    return f"{refusal.reason}:{refusal.facts.get('field', '')}".rstrip(":")


def item_refusals(answer: Any) -> list[str | None]:
    found = [refusal_from_status(each.status) for each in answer.results]
    return [f"{each.reason}:{each.facts.get('field', '')}".rstrip(":") if each else None for each in found]


def context() -> RequestContext:
    return RequestContext(request_id=str(uuid4()), actor="test")
