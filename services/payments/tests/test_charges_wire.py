"""Charges over the wire: every call that moves money, what it refuses with its field, and what a repeat gets."""

from collections.abc import AsyncIterator
from typing import Any, NoReturn
from uuid import uuid4

import grpc
import pytest
from grpc import aio
from services.payments.tests.payments_world import NUMBER, PRICE, ToldProcessor, World
from services.payments.tests.wire_world import context, item_refusals, on_the_wire, refused

from hashtill.common.v1.money_pb2 import Money
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.payments.v1 import charge_pb2
from hashtill.payments.v1 import payments_service_pb2 as pb
from payments.domain.outcome import Declined

USD: dict[str, Any] = {"amount_minor": PRICE.amount_minor, "currency_code": "USD"}


@pytest.fixture
def processor(postgres_world: World) -> ToldProcessor:
    return postgres_world.processor


@pytest.fixture
async def stub(postgres_world: World) -> AsyncIterator[Any]:
    await postgres_world.card()
    async with on_the_wire(postgres_world) as served:
        yield served


def item(**changes: Any) -> pb.AuthorizeItem:
    wanted: dict[str, Any] = {
        "order_id": str(uuid4()),
        "attempt": 1,
        "card_token": "tok_1",
        "amount": Money(**USD),
        "merchant_id": "acme",
        "statement_descriptor": "ACME",
    }
    return pb.AuthorizeItem(**(wanted | changes))


async def authorized(stub: Any, **changes: Any) -> charge_pb2.Charge:
    answer = await stub.BatchAuthorize(pb.BatchAuthorizeRequest(items=[item(**changes)]))
    charge: charge_pb2.Charge = answer.results[0].charge
    return charge


async def captured(stub: Any) -> charge_pb2.Charge:
    charge = await authorized(stub)
    answer = await stub.BatchCapture(pb.BatchCaptureRequest(charge_ids=[charge.charge_id]))
    taken: charge_pb2.Charge = answer.results[0].charge
    return taken


def refund(charge: charge_pb2.Charge, **changes: Any) -> pb.RefundRequest:
    wanted: dict[str, Any] = {"context": context(), "charge_id": charge.charge_id, "amount": Money(**USD)}
    return pb.RefundRequest(**(wanted | changes))


async def test_a_charge_lives_over_the_wire(stub: Any) -> None:
    charge = await captured(stub)

    given = await stub.Refund(refund(charge))
    read = await stub.BatchGetCharges(
        pb.BatchGetChargesRequest(keys=[pb.ChargeKey(order_id=charge.order_id, attempt=1)])
    )

    assert charge.state == charge_pb2.CHARGE_STATE_CAPTURED
    assert (charge.captured, charge.card_last4, charge.network_reference) == (charge.amount, "0005", "net-1")
    assert (given.charge.state, given.pending) == (charge_pb2.CHARGE_STATE_REFUNDED, False)
    assert read.results[0].charge == given.charge


async def test_a_decline_is_a_charge_and_no_refusal(stub: Any, processor: ToldProcessor) -> None:
    processor.answer = Declined(code="insufficient_funds")

    charge = await authorized(stub)

    assert (charge.state, charge.decline_code) == (charge_pb2.CHARGE_STATE_DECLINED, "insufficient_funds")


async def test_what_is_in_flight_is_pending(stub: Any, processor: ToldProcessor) -> None:
    processor.loses_answers = True
    charge = await authorized(stub)

    voided = await stub.BatchVoid(pb.BatchVoidRequest(keys=[pb.ChargeKey(order_id=charge.order_id, attempt=1)]))

    assert charge.state == charge_pb2.CHARGE_STATE_PENDING
    assert voided.results[0].charge.state == charge_pb2.CHARGE_STATE_PENDING


async def test_a_bad_item_is_refused_with_its_field_beside_good_ones(stub: Any) -> None:
    bad: list[dict[str, Any]] = [
        {"order_id": "7"},
        {"attempt": 0},
        {"attempt": -1},
        {"attempt": 2_147_483_647},
        {"card_token": ""},
        {"card_token": "t" * 101},
        {"amount": Money(amount_minor=0, currency_code="USD")},
        {"amount": Money(amount_minor=-5, currency_code="USD")},
        {"amount": Money(amount_minor=5, currency_code="usd")},
        {"amount": Money()},
        {"merchant_id": ""},
        {"merchant_id": "a\x00b"},
        {"statement_descriptor": "d" * 23},
        {"card_token": "tok_none"},
        {"attempt": 2},
    ]

    answer = await stub.BatchAuthorize(pb.BatchAuthorizeRequest(items=[*(item(**each) for each in bad), item()]))

    fields = ["order_id", *["attempt"] * 3, *["card_token"] * 2, *["amount.amount_minor"] * 2]
    fields += [*["amount.currency_code"] * 2, *["merchant_id"] * 2, "statement_descriptor"]
    expected: list[str | None] = [f"INVALID_FIELD:items[{index}].{name}" for index, name in enumerate(fields)]
    assert item_refusals(answer) == [*expected, "CARD_NOT_FOUND", "ATTEMPT_NOT_NEXT", None]
    assert answer.results[-1].charge.state == charge_pb2.CHARGE_STATE_AUTHORIZED


async def test_the_same_key_with_other_contents_differs(stub: Any) -> None:
    charge = await authorized(stub)

    same = await stub.BatchAuthorize(
        pb.BatchAuthorizeRequest(
            items=[item(order_id=charge.order_id), item(order_id=charge.order_id, merchant_id="b")]
        )
    )

    assert same.results[0].charge == charge
    assert item_refusals(same)[1] == "CHARGE_DIFFERS"


async def test_endings_are_refused_item_by_item(stub: Any) -> None:
    declined_key = pb.ChargeKey(order_id=str(uuid4()), attempt=1)
    taken = await captured(stub)
    taken_key = pb.ChargeKey(order_id=taken.order_id, attempt=1)
    held = await authorized(stub)
    await stub.BatchVoid(pb.BatchVoidRequest(keys=[pb.ChargeKey(order_id=held.order_id, attempt=1)]))

    captures = await stub.BatchCapture(pb.BatchCaptureRequest(charge_ids=["", str(uuid4()), held.charge_id]))
    voids = await stub.BatchVoid(
        pb.BatchVoidRequest(keys=[pb.ChargeKey(), declined_key, taken_key, pb.ChargeKey(order_id=held.order_id)])
    )
    reads = await stub.BatchGetCharges(pb.BatchGetChargesRequest(keys=[pb.ChargeKey(order_id="x"), declined_key]))

    assert item_refusals(captures) == ["INVALID_FIELD:charge_ids[0]", "CHARGE_NOT_FOUND", "CHARGE_NOT_AUTHORIZED"]
    assert item_refusals(voids) == [
        "INVALID_FIELD:keys[0].order_id",
        "CHARGE_NOT_FOUND",
        "CHARGE_CAPTURED",
        "INVALID_FIELD:keys[3].attempt",
    ]
    assert item_refusals(reads) == ["INVALID_FIELD:keys[0].order_id", "CHARGE_NOT_FOUND"]


@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("BatchAuthorize", "items"),
        ("BatchCapture", "charge_ids"),
        ("BatchVoid", "keys"),
        ("BatchGetCharges", "keys"),
        ("BatchGetBillingAddresses", "card_tokens"),
    ],
)
async def test_batches_are_bounded(stub: Any, method: str, field: str) -> None:
    request_type: Any = getattr(pb, f"{method}Request")
    one: Any = {"items": pb.AuthorizeItem(), "keys": pb.ChargeKey()}.get(field, "x")

    assert await refused(getattr(stub, method)(request_type())) == f"INVALID_FIELD:{field}"
    assert await refused(getattr(stub, method)(request_type(**{field: [one] * 201}))) == f"INVALID_FIELD:{field}"


async def test_a_refund_is_refused_with_its_reason(stub: Any, processor: ToldProcessor) -> None:
    charge, held = await captured(stub), await authorized(stub)
    some = refund(charge, amount=Money(amount_minor=1, currency_code="USD"))
    await stub.Refund(some)
    other = refund(charge, context=some.context, amount=Money(amount_minor=2, currency_code="USD"))

    assert await refused(stub.Refund(refund(charge, context=RequestContext()))) == "INVALID_FIELD:context.request_id"
    assert await refused(stub.Refund(refund(charge, charge_id="7"))) == "INVALID_FIELD:charge_id"
    assert await refused(stub.Refund(refund(charge, amount=Money()))) == "INVALID_FIELD:amount.currency_code"
    euros = refund(charge, amount=Money(amount_minor=1, currency_code="EUR"))
    assert await refused(stub.Refund(euros)) == "INVALID_FIELD:amount.currency_code"
    assert await refused(stub.Refund(refund(charge, charge_id=str(uuid4())))) == "CHARGE_NOT_FOUND"
    assert await refused(stub.Refund(refund(held))) == "CHARGE_NOT_CAPTURED"
    assert await refused(stub.Refund(refund(charge))) == "REFUND_ABOVE_CAPTURED"
    assert await refused(stub.Refund(other)) == "REQUEST_ID_REUSED"
    processor.answer = Declined(code="no")
    last = refund(charge, amount=Money(amount_minor=1, currency_code="USD"))
    assert await refused(stub.Refund(last)) == "REFUND_DECLINED"


async def test_a_refund_whose_answer_is_lost_is_pending_and_told_when_asked_again(
    stub: Any, processor: ToldProcessor, postgres_world: World
) -> None:
    request = refund(await captured(stub))
    processor.loses_answers = True

    first = await stub.Refund(request)
    await postgres_world.settle()
    second = await stub.Refund(request)

    assert (first.pending, second.pending) == (True, False)
    assert second.charge.state == charge_pb2.CHARGE_STATE_REFUNDED


async def test_the_ledger_is_listed_in_pages(stub: Any) -> None:
    charge, other = await captured(stub), await authorized(stub)

    first = await stub.ListLedger(pb.ListLedgerRequest(page_size=2))
    rest = await stub.ListLedger(pb.ListLedgerRequest(page_size=2, page_token=first.next_page_token))
    one = await stub.ListLedger(pb.ListLedgerRequest(order_id=other.order_id))

    assert [each.kind for each in [*first.entries, *rest.entries]] == ["AUTHORIZE", "CAPTURE", "AUTHORIZE"]
    assert (first.entries[1].debit_account, first.entries[1].credit_account) == ("cardmember:pending", "merchant:acme")
    assert first.entries[1].charge_id == charge.charge_id
    assert ([each.order_id for each in one.entries], rest.next_page_token) == ([other.order_id], "")


@pytest.mark.parametrize(
    ("request_fields", "field"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_token": "rubbish"}, "page_token"),
        ({"page_token": "WyJhIl0"}, "page_token"),
        ({"order_id": "7"}, "order_id"),
    ],
)
async def test_a_bad_page_is_refused(stub: Any, request_fields: dict[str, Any], field: str) -> None:
    assert await refused(stub.ListLedger(pb.ListLedgerRequest(**request_fields))) == f"INVALID_FIELD:{field}"


async def test_a_card_number_sent_as_a_token_is_not_told_back(stub: Any) -> None:
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.Refund(pb.RefundRequest(context=context(), charge_id=NUMBER, amount=Money(**USD)))

    assert NUMBER not in str(caught.value)


class Buggy:
    """A database adapter with a bug."""

    def begin(self) -> NoReturn:
        raise ValueError(f"a bug that knows {NUMBER}")


async def test_a_bug_that_meets_one_item_tells_nothing_of_itself() -> None:
    transactions: Any = Buggy()
    async with on_the_wire(World(transactions, hasten=nothing_to_hasten)) as buggy:
        answer = await buggy.BatchAuthorize(pb.BatchAuthorizeRequest(items=[item()]))

    assert answer.results[0].status.code == grpc.StatusCode.INTERNAL.value[0]
    assert NUMBER not in str(answer)


async def nothing_to_hasten() -> None:
    return None
