"""A processor whose answers are garbled: each is of unknown outcome, and its batch-mates are none the worse."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from services.payments.tests.cardnet_world import entry_of

from kernel.ids import ChargeId
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from kernel.secret import Secret
from payments.domain.instruction import Instruction
from payments.domain.operation import OperationKind
from payments.domain.outcome import Done, Unknown
from payments.outbound.http_processor import HttpProcessor

GARBLED, GOOD = "auth:garbled", "auth:good"
AUTHORIZED = {"id": "auth_1", "state": "authorized"}


class Processor:
    """Answers every call with what a test gives it."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b""

    async def handle(self, _request: web.Request) -> web.Response:
        return web.Response(status=self.status, body=self.answer)


@pytest.fixture
def garbling() -> Processor:
    return Processor()


@pytest.fixture
async def processor(garbling: Processor) -> AsyncIterator[HttpProcessor]:
    site = web.Application()
    site.add_routes([web.post("/{path:.*}", garbling.handle)])
    async with TestServer(site) as server, ClientSession() as session:
        yield HttpProcessor(session, url=str(server.make_url("")), key=Secret("key"))


@pytest.mark.parametrize(
    "garbled",
    [
        {"status": 200, "body": "done"},
        {"status": 402, "body": {"error": "no"}},
        {"status": 200, "body": None},
        {"body": AUTHORIZED},
        {"status": 200, "body": {**AUTHORIZED, "expires_at": "soon"}},
        {"status": 200, "body": {**AUTHORIZED, "expires_at": "2026-11-30T00:00:00"}},
        {"status": 200, "body": {**AUTHORIZED, "expires_at": 7}},
    ],
)
async def test_a_garbled_item_is_unknown_and_its_mate_is_read(
    garbling: Processor, processor: HttpProcessor, garbled: dict[str, Any]
) -> None:
    good = {"status": 200, "body": AUTHORIZED}
    garbling.answer = _batch("results", {"idempotency_key": GARBLED} | garbled, {"idempotency_key": GOOD} | good)
    sent = await processor.send([_instruction(GARBLED), _instruction(GOOD)])

    known = {"state": "known"}
    items = [{"idempotency_key": GARBLED} | known | garbled, {"idempotency_key": GOOD} | known | good]
    garbling.answer = _batch("operations", *items)
    asked = await processor.ask([GARBLED, GOOD])

    assert [type(outcome) for outcome in (*sent, *asked)] == [Unknown, Done, Unknown, Done]


async def test_an_operation_that_the_answer_leaves_out_is_not_taken_for_one_never_heard_of(
    garbling: Processor, processor: HttpProcessor
) -> None:
    garbling.answer = _batch("operations", {"idempotency_key": GOOD, "state": "unknown"})

    asked = await processor.ask([GARBLED, GOOD])

    assert asked == [Unknown(why="no_result"), None]


@pytest.mark.parametrize("answer", [b'{"error": "no"}', b"[]", b"null", b"<html>"])
async def test_a_garbled_refusal_of_a_card_is_no_refusal(
    garbling: Processor, processor: HttpProcessor, answer: bytes
) -> None:
    garbling.status, garbling.answer = 402, answer

    refused = await processor.tokenize(entry_of("378282246310005"), key="token:1")

    assert isinstance(refused, Refusal)
    assert refused.kind is RefusalKind.BUSY


def _batch(name: str, *items: dict[str, Any]) -> bytes:
    return orjson.dumps({name: items})


def _instruction(key: str) -> Instruction:
    return Instruction(
        key=key,
        kind=OperationKind.AUTH,
        charge_id=ChargeId(UUID(int=1)),
        amount=Money(amount_minor=100, currency_code="USD"),
        source=Secret("source"),
        reference="order",
        merchant="acme",
        cause="",
    )
