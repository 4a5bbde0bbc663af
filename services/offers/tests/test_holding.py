"""Who gets a unit, and why not: the decision alone, then with stock in memory and on PostgreSQL."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from services.offers.tests.offers_world import NETWORK, Shop, a_draft, accepted, asks, reason_of

from kernel.ids import CardmemberId, Network, OfferId, OrderId
from kernel.money import Money
from kernel.refusals import Refusal
from offers.domain.hold import Hold, HoldAsked
from offers.domain.holding import OnSale, choose
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.publish_offer import publish_offer
from offers.usecases.settle_holds import commit_holds, lapse_holds, release_holds
from offers.usecases.write_offer import update_offer

KINDLE = OfferId("kindle")
ANN = CardmemberId(uuid.UUID(int=1))
DAY = timedelta(days=1)
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


async def test_windows_are_judged_by_the_time_of_the_post(shop: Shop) -> None:
    offer = await shop.published()
    opens, closes = offer.terms.window.starts_at, offer.terms.window.ends_at

    answers = await hold(
        shop,
        asks(at=opens - timedelta(microseconds=1)),
        asks(at=opens),
        asks(at=closes - timedelta(microseconds=1)),
        asks(at=closes),
    )

    assert [answer.reason if isinstance(answer, Refusal) else "" for answer in answers] == [
        "OFFER_NOT_STARTED",
        "",
        "",
        "OFFER_ENDED",
    ]


async def test_a_post_made_in_time_is_honoured_after_the_offer_was_ended_by_its_window(shop: Shop) -> None:
    offer = await shop.published()
    shop.clock.at = offer.ends_at + timedelta(minutes=1)
    await end_due_offers(transactions=shop.transactions)

    [in_time, late] = await hold(shop, asks(at=offer.ends_at - timedelta(seconds=1)), asks(at=offer.ends_at))

    accepted(in_time)
    assert reason_of(late) == "OFFER_ENDED"


async def test_a_draft_is_nobodys_and_a_paused_or_ended_offer_takes_no_new_holds(shop: Shop) -> None:
    await shop.drafted()
    [of_draft] = await hold(shop, asks(at=shop.clock()))
    await publish_offer(KINDLE, transactions=shop.transactions)
    await pause_offer(KINDLE, transactions=shop.transactions)
    [of_paused] = await hold(shop, asks(at=shop.clock()))
    await end_offer(KINDLE, transactions=shop.transactions)
    [of_ended] = await hold(shop, asks(at=shop.clock()))

    assert [reason_of(each) for each in (of_draft, of_paused, of_ended)] == [
        "OFFER_NOT_FOUND",
        "OFFER_PAUSED",
        "OFFER_ENDED",
    ]


async def test_a_tag_used_again_belongs_to_the_offer_on_sale_when_the_post_was_made(shop: Shop) -> None:
    first = await shop.published()
    shop.clock.at = first.ends_at
    await shop.published(offer_id="second", starts_at=first.ends_at, ends_at=first.ends_at + DAY)

    [before, after] = await hold(shop, asks(at=first.ends_at - HOUR), asks(at=first.ends_at + HOUR))

    assert (accepted(before).offer_id, accepted(after).offer_id) == ("kindle", "second")
    assert choose([], posted_at=shop.clock()) is None


async def test_long_after_its_end_a_tag_still_says_ended(shop: Shop) -> None:
    offer = await shop.published()
    shop.clock.at = offer.ends_at + 30 * DAY
    await end_due_offers(transactions=shop.transactions)

    [answer] = await hold(shop, asks(at=shop.clock()))

    assert reason_of(answer) == "OFFER_ENDED"


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


async def test_committing_is_final_and_repeats_change_nothing(shop: Shop) -> None:
    await shop.published()
    hold = await held(shop)
    unknown = OrderId(uuid.uuid4())

    first = await commit_holds([hold.order_id, unknown], transactions=shop.transactions)
    again = await commit_holds([hold.order_id, hold.order_id], transactions=shop.transactions)

    assert (first[0], again) == (None, [None, None])
    assert reason_of(first[1]) == "HOLD_NOT_FOUND"
    assert await counts(shop) == (9, 0, 1)


async def test_a_released_hold_is_gone_for_its_order(shop: Shop) -> None:
    await shop.published()
    asked = asks(at=shop.clock())
    await hold(shop, asked)

    await release_holds([asked.order_id, asked.order_id], transactions=shop.transactions)
    await release_holds([asked.order_id], transactions=shop.transactions)
    [held_again] = await hold(shop, asked)
    [committed] = await commit_holds([asked.order_id], transactions=shop.transactions)

    assert (reason_of(held_again), reason_of(committed)) == ("HOLD_RELEASED", "HOLD_LAPSED")
    assert await counts(shop) == (10, 0, 0)


async def test_releasing_an_unknown_order_succeeds_and_bars_a_late_hold(shop: Shop) -> None:
    await shop.published()
    asked = asks(at=shop.clock())

    await release_holds([asked.order_id], transactions=shop.transactions)
    await release_holds([], transactions=shop.transactions)
    [late] = await hold(shop, asked)
    [committed] = await commit_holds([asked.order_id], transactions=shop.transactions)

    assert (reason_of(late), reason_of(committed)) == ("HOLD_RELEASED", "HOLD_LAPSED")


async def test_a_hold_lapses_after_an_hour_by_itself(shop: Shop) -> None:
    await shop.published()
    early, sold = await held(shop), await held(shop)
    await commit_holds([sold.order_id], transactions=shop.transactions)
    shop.clock.forward(HOUR)

    [committed] = await commit_holds([early.order_id], transactions=shop.transactions)
    lapsed = await lapse_holds(transactions=shop.transactions)
    nothing_left = await lapse_holds(transactions=shop.transactions)
    await release_holds([early.order_id], transactions=shop.transactions)

    assert reason_of(committed) == "HOLD_LAPSED"
    assert (lapsed, nothing_left) == (1, 0)
    assert await counts(shop) == (9, 0, 1)


async def test_total_cannot_fall_below_what_is_promised(shop: Shop) -> None:
    await shop.published()
    sold = await held(shop)
    await held(shop)
    await commit_holds([sold.order_id], transactions=shop.transactions)

    async def set_total(total: int) -> Any:
        draft = a_draft(shop.clock(), stock_total=total)
        return await update_offer(
            draft, paths=("stock.total",), based_on=0, allow_missing=False, transactions=shop.transactions
        )

    assert reason_of(await set_total(1)) == "STOCK_BELOW_PROMISED"
    assert accepted(await set_total(2)).stock.available == 0
    assert await counts(shop) == (0, 1, 1)


async def test_an_offer_on_sale_wins_over_one_closed_by_hand(shop: Shop) -> None:
    await shop.published()
    await end_offer(KINDLE, transactions=shop.transactions)
    closed = await shop.offer()
    await shop.published(offer_id="second")
    current = await shop.offer("second")

    chosen = choose(
        [OnSale(offer=closed, merchant_name=""), OnSale(offer=current, merchant_name="")], posted_at=shop.clock()
    )

    assert chosen is not None
    assert chosen.offer.offer_id == "second"
