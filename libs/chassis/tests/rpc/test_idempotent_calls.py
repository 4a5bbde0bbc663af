"""A repeated request gets the first answer, and only one effect."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.idempotent_calls import AnswerOnce, Transactions, without_context
from chassis.memory import MemoryRequests, MemoryTable, MemoryTransactions
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.offers.v1.offer_pb2 import Offer
from hashtill.offers.v1.offers_service_pb2 import CreateOfferRequest, CreateOfferResponse
from kernel.refusals import Refusal, RefusalKind, RefusedError

AN_ID = "6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be001"
SOLD_OUT = Refusal(kind=RefusalKind.EXHAUSTED, reason="SOLD_OUT", message="All gone.")

Do = Callable[[Transactions[Any]], Awaitable[CreateOfferResponse]]


def request(*, request_id: str = AN_ID, offer_id: str = "kindle", actor: str = "") -> CreateOfferRequest:
    return CreateOfferRequest(
        context=RequestContext(request_id=request_id, actor=actor), offer=Offer(offer_id=offer_id)
    )


class Shop:
    """A unit of work of one table, and a use case that counts its effects."""

    def __init__(self) -> None:
        self.rows: MemoryTable[int, str] = MemoryTable()
        self._requests = MemoryRequests()
        self.refusal: Refusal | None = None
        transactions = MemoryTransactions(lambda: self, parts=[self.rows, self._requests])
        self.once = AnswerOnce(transactions, requests=lambda shop, _scope: shop._requests)

    async def create(self, transactions: Transactions[Any]) -> CreateOfferResponse:
        async with transactions.begin() as unit:
            unit.rows[len(unit.rows)] = "created"
            if self.refusal:
                raise RefusedError(self.refusal)
        return CreateOfferResponse(offer=Offer(offer_id=f"offer-{len(self.rows)}"))

    async def ask(self, asked: CreateOfferRequest) -> CreateOfferResponse:
        return await self.once(asked, CreateOfferResponse, self.create)


async def test_a_repeat_gets_the_first_answer_and_has_no_effect() -> None:
    shop = Shop()

    answers = [await shop.ask(request()), await shop.ask(request(actor="operator:ann"))]

    assert answers[0] == answers[1] == CreateOfferResponse(offer=Offer(offer_id="offer-1"))
    assert len(shop.rows) == 1


async def test_the_same_id_with_other_contents_is_refused() -> None:
    shop = Shop()
    await shop.ask(request())

    with pytest.raises(RefusedError) as caught:
        await shop.ask(request(offer_id="camera"))

    assert (caught.value.refusal.kind, caught.value.refusal.reason) == (RefusalKind.CONFLICT, "REQUEST_ID_REUSED")
    assert len(shop.rows) == 1


@pytest.mark.parametrize("request_id", ["", "17"])
async def test_a_request_without_a_proper_id_is_refused(request_id: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await Shop().ask(request(request_id=request_id))

    assert caught.value.refusal.facts["field"] == "context.request_id"


async def test_a_refused_call_keeps_nothing_so_its_repeat_is_decided_anew() -> None:
    shop = Shop()
    shop.refusal = SOLD_OUT
    with pytest.raises(RefusedError, match="SOLD_OUT"):
        await shop.ask(request())
    shop.refusal = None

    answer = await shop.ask(request())

    assert answer.offer.offer_id == "offer-1"


def test_who_asks_is_no_part_of_what_is_asked() -> None:
    asked = request(actor="operator:ann")

    assert without_context(asked) == without_context(request(request_id="other"))
    assert asked.context.actor == "operator:ann"
