"""The batch RPCs on holds over the wire: a result an item, in the same order, and every reason the contract names."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from google.rpc import code_pb2
from grpc import StatusCode
from services.offers.tests.offers_world import Clock, Shop
from services.offers.tests.served_offers import serving
from services.offers.tests.wire_world import AsyncStub, refused, wire_hold

from chassis.refusal_status import INTERNAL_ERROR, refusal_from_status
from hashtill.offers.v1 import offers_service_pb2 as pb
from offers.outbound.memory import MemoryOffersStore, memory_requests_of
from offers.usecases.halt_offer import pause_offer
from offers.usecases.hold_stock import hold_stock


@pytest.fixture
async def stub(memory: MemoryOffersStore) -> AsyncIterator[AsyncStub]:
    async with serving(memory.transactions, requests=memory_requests_of) as served:
        yield served.stub


async def hold(stub: AsyncStub, *items: pb.HoldItem) -> Sequence[pb.HoldResult]:
    return (await stub.BatchHoldStock(pb.BatchHoldStockRequest(items=items))).results


def reasons(results: Any) -> list[str]:
    found = [refusal_from_status(result.status) for result in results]
    return [refusal.reason if refusal else "" for refusal in found]


async def test_a_hold_comes_with_everything_the_order_promises(
    stub: AsyncStub, memory_shop: Shop, clock: Clock
) -> None:
    await memory_shop.published()
    item = wire_hold(clock(), tag="BuyKINDLEFireHD")

    [result] = await hold(stub, item)

    held = result.hold
    assert (result.order_id, held.order_id, held.tag) == (item.order_id, item.order_id, "BuyKindleFireHD")
    assert (held.price.amount_minor, held.tax.amount_minor, held.total.amount_minor) == (149_99, 13_30, 163_29)
    assert (held.merchant_name, held.terms_url) == ("Acme Electronics", "https://acme.example/terms")
    assert held.lapse_at.ToDatetime(clock().tzinfo) == clock() + timedelta(hours=1)


async def test_each_reason_stands_with_its_item(stub: AsyncStub, memory_shop: Shop, clock: Clock) -> None:
    offer = await memory_shop.published(stock_total=2)
    await memory_shop.published(offer_id="paused", tag="Paused")
    await pause_offer((await memory_shop.offer("paused")).offer_id, transactions=memory_shop.transactions)
    first, gone = wire_hold(clock()), wire_hold(clock())
    await stub.BatchReleaseHolds(pb.BatchReleaseHoldsRequest(order_ids=[gone.order_id]))

    results = await hold(
        stub,
        first,
        wire_hold(clock(), tag="nothing"),
        wire_hold(offer.terms.window.starts_at - timedelta(seconds=1)),
        wire_hold(offer.ends_at),
        wire_hold(clock(), tag="paused"),
        wire_hold(clock(), network="xbox"),
        wire_hold(clock(), ship_to_country="GB"),
        gone,
        wire_hold(clock(), cardmember_id=first.cardmember_id),
        wire_hold(clock()),
        wire_hold(clock()),
    )

    assert reasons(results) == [
        "",
        "OFFER_NOT_FOUND",
        "OFFER_NOT_STARTED",
        "OFFER_ENDED",
        "OFFER_PAUSED",
        "CHANNEL_NOT_SERVED",
        "COUNTRY_NOT_SERVED",
        "HOLD_RELEASED",
        "ALREADY_OPEN",
        "",
        "ALL_HELD",
    ]


async def test_sold_out_and_limit_reached_are_told_apart(stub: AsyncStub, memory_shop: Shop, clock: Clock) -> None:
    await memory_shop.published(stock_total=1)
    first = wire_hold(clock())
    await hold(stub, first)
    await stub.BatchCommitHolds(pb.BatchCommitHoldsRequest(order_ids=[first.order_id]))

    results = await hold(stub, wire_hold(clock(), cardmember_id=first.cardmember_id), wire_hold(clock()))

    assert reasons(results) == ["LIMIT_REACHED", "SOLD_OUT"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_id": "nonsense"}, "items[1].order_id"),
        ({"cardmember_id": ""}, "items[1].cardmember_id"),
        ({"network": "X"}, "items[1].network"),
        ({"tag": ""}, "items[1].tag"),
        ({"tag": "a" * 300}, "items[1].tag"),
        ({"posted_at": None}, "items[1].posted_at"),
        ({"ship_to_country": "usa"}, "items[1].ship_to_country"),
        ({"ship_to_region": "New York"}, "items[1].ship_to_region"),
    ],
)
async def test_a_bad_item_is_named_and_fails_alone(
    stub: AsyncStub, memory_shop: Shop, clock: Clock, changes: dict[str, Any], field: str
) -> None:
    await memory_shop.published()

    results = await hold(stub, wire_hold(clock()), wire_hold(clock(), **changes), wire_hold(clock()))

    refusal = refusal_from_status(results[1].status)
    assert reasons(results) == ["", "INVALID_FIELD", ""]
    assert refusal is not None
    assert refusal.facts["field"] == field


async def test_commits_and_releases_answer_for_each_order(stub: AsyncStub, memory_shop: Shop, clock: Clock) -> None:
    await memory_shop.published()
    sold, gone = wire_hold(clock()), wire_hold(clock())
    unknown = str(uuid.uuid4())
    await hold(stub, sold, gone)

    released = await stub.BatchReleaseHolds(pb.BatchReleaseHoldsRequest(order_ids=[gone.order_id, "nonsense"]))
    committed = await stub.BatchCommitHolds(
        pb.BatchCommitHoldsRequest(order_ids=[sold.order_id, gone.order_id, unknown, "nonsense"])
    )

    assert reasons(released.results) == ["", "INVALID_FIELD"]
    assert reasons(committed.results) == ["", "HOLD_LAPSED", "HOLD_NOT_FOUND", "INVALID_FIELD"]
    assert [result.order_id for result in committed.results] == [sold.order_id, gone.order_id, unknown, "nonsense"]


async def test_only_bad_order_ids_are_all_refused(stub: AsyncStub) -> None:
    committed = await stub.BatchCommitHolds(pb.BatchCommitHoldsRequest(order_ids=["a", "b"]))

    assert reasons(committed.results) == ["INVALID_FIELD", "INVALID_FIELD"]


async def test_a_batch_holds_one_to_two_hundred_items(stub: AsyncStub, clock: Clock) -> None:
    too_many = [str(uuid.uuid4()) for _ in range(201)]
    invalid = StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"

    assert await refused(stub.BatchHoldStock(pb.BatchHoldStockRequest())) == (*invalid, "items")
    assert await refused(stub.BatchCommitHolds(pb.BatchCommitHoldsRequest(order_ids=too_many))) == (
        *invalid,
        "order_ids",
    )
    assert await refused(stub.BatchReleaseHolds(pb.BatchReleaseHoldsRequest())) == (*invalid, "order_ids")
    two_hundred = [wire_hold(clock()) for _ in range(200)]
    assert len(await hold(stub, *two_hundred)) == 200


async def test_a_bug_that_meets_one_item_shows_an_id_and_nothing_else(
    memory: MemoryOffersStore, memory_shop: Shop, clock: Clock
) -> None:
    await memory_shop.published()
    poison = wire_hold(clock())

    async def failing(asked: Sequence[Any], *, transactions: Any) -> list[Any]:
        if any(str(each.order_id) == poison.order_id for each in asked):
            raise ValueError("a secret")
        return await hold_stock(asked, transactions=transactions)

    async with serving(memory.transactions, requests=memory_requests_of, hold=failing) as served:
        good, bad = await hold(served.stub, wire_hold(clock()), poison)

    assert good.HasField("hold")
    assert (bad.status.code, "secret" in str(bad)) == (code_pb2.INTERNAL, False)
    assert INTERNAL_ERROR in str(bad)
