"""Who gets a unit, and why not: the decision alone, then with stock in memory and on PostgreSQL."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from services.offers.tests.offers_world import NETWORK, Shop, a_draft, accepted, asks, reason_of

from kernel.ids import CardmemberId, Network, OfferId
from kernel.money import Money
from offers.domain.hold import Hold, HoldAsked
from offers.usecases.hold_stock import hold_stock
from offers.usecases.settle_holds import commit_holds, release_holds
from offers.usecases.write_offer import update_offer

KINDLE = OfferId("kindle")
ANN = CardmemberId(uuid.UUID(int=1))
HOUR = timedelta(hours=1)


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency_code="USD")


async def hold(shop: Shop, *asked: HoldAsked) -> list[Any]:
    return await hold_stock(asked, transactions=shop.transactions)


async def held(shop: Shop, **changes: Any) -> Hold:
    [answer] = await hold(shop, asks(at=shop.clock(), **changes))
    granted: Hold = accepted(answer)
    return granted


async def counts(shop: Shop, offer_id: str = KINDLE) -> tuple[int, int, int]:
    stock = (await shop.offer(offer_id)).stock
    return stock.available, stock.held, stock.committed


async def test_a_hold_promises_price_and_tax_of_the_region_and_takes_a_unit(shop: Shop) -> None:
    offer = await shop.published()

    hold = await held(shop)

    promise = hold.promise
    assert (promise.price, promise.tax, promise.total) == (usd(149_99), usd(13_30), usd(163_29))
    assert (promise.merchant_name, promise.offer_version) == ("Acme Electronics", offer.version)
    assert hold.lapse_at == shop.clock() + HOUR
    assert await counts(shop) == (9, 1, 0)


async def test_a_repeat_gets_the_same_hold_even_after_the_terms_changed(shop: Shop) -> None:
    await shop.published()
    asked = asks(at=shop.clock())
    [first] = await hold(shop, asked)
    dearer = a_draft(shop.clock(), price=usd(200_00))
    accepted(
        await update_offer(dearer, paths=("price",), based_on=0, allow_missing=False, transactions=shop.transactions)
    )

    [again, and_again] = await hold(shop, asked, asked)

    assert (again, and_again) == (first, first)
    assert await counts(shop) == (9, 1, 0)


async def test_the_same_order_twice_in_a_batch_is_one_hold(shop: Shop) -> None:
    await shop.published()
    asked = asks(at=shop.clock())

    [first, second] = await hold(shop, asked, asked)

    assert first == second == accepted(first)
    assert await counts(shop) == (9, 1, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tag": "buynothing"}, "OFFER_NOT_FOUND"),
        ({"network": Network("xbox")}, "CHANNEL_NOT_SERVED"),
        ({"ship_to_country": "GB"}, "COUNTRY_NOT_SERVED"),
    ],
)
async def test_what_is_not_offered_is_not_held(shop: Shop, changes: dict[str, Any], reason: str) -> None:
    await shop.published()

    [answer] = await hold(shop, asks(at=shop.clock(), **changes))

    assert reason_of(answer) == reason


async def test_all_held_becomes_sold_out_when_committed_and_free_when_released(shop: Shop) -> None:
    await shop.published(stock_total=1)
    last = await held(shop)

    [while_held] = await hold(shop, asks(at=shop.clock()))
    await commit_holds([last.order_id], transactions=shop.transactions)
    [while_sold] = await hold(shop, asks(at=shop.clock()))
    await release_holds([last.order_id], transactions=shop.transactions)
    [when_back] = await hold(shop, asks(at=shop.clock()))

    assert (reason_of(while_held), reason_of(while_sold)) == ("ALL_HELD", "SOLD_OUT")
    accepted(when_back)
    assert await counts(shop) == (0, 1, 0)


async def test_one_open_hold_of_an_offer_and_then_the_limit_over_all_networks(shop: Shop) -> None:
    await shop.published(channels=("x", "facebook"), per_member_limit=2)
    first = await held(shop, cardmember_id=ANN)

    [while_open] = await hold(shop, asks(at=shop.clock(), cardmember_id=ANN, network=Network("facebook")))
    await commit_holds([first.order_id], transactions=shop.transactions)
    second = await held(shop, cardmember_id=ANN, network=Network("facebook"))
    await commit_holds([second.order_id], transactions=shop.transactions)
    [over] = await hold(shop, asks(at=shop.clock(), cardmember_id=ANN))

    assert (reason_of(while_open), reason_of(over)) == ("ALREADY_OPEN", "LIMIT_REACHED")
    assert await counts(shop) == (8, 0, 2)


async def test_in_one_batch_later_holds_see_earlier_ones(shop: Shop) -> None:
    await shop.published(stock_total=2)
    at = shop.clock()

    answers = await hold(shop, asks(at=at, cardmember_id=ANN), asks(at=at, cardmember_id=ANN), asks(at=at), asks(at=at))

    assert [getattr(answer, "reason", "held") for answer in answers] == ["held", "ALREADY_OPEN", "held", "ALL_HELD"]


async def test_the_checks_come_in_the_order_that_says_most(shop: Shop) -> None:
    """Each order breaks every rule from one on; the first of them answers."""
    offer = await shop.published(stock_total=1)
    await held(shop, cardmember_id=ANN)
    before, after = offer.terms.window.starts_at - HOUR, offer.terms.window.ends_at + HOUR
    bad: dict[str, Any] = {"network": Network("xbox"), "ship_to_country": "GB", "cardmember_id": ANN}
    rules = [
        asks(at=after, **bad),
        asks(at=before, **bad),
        asks(at=shop.clock(), **bad),
        asks(at=shop.clock(), **bad | {"network": NETWORK}),
        asks(at=shop.clock(), cardmember_id=ANN),
        asks(at=shop.clock()),
    ]

    reasons = [reason_of(answer) for answer in await hold(shop, *rules)]

    assert reasons == [
        "OFFER_ENDED",
        "OFFER_NOT_STARTED",
        "CHANNEL_NOT_SERVED",
        "COUNTRY_NOT_SERVED",
        "ALREADY_OPEN",
        "ALL_HELD",
    ]
