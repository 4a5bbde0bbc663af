"""When and of which offer a unit is held: posts, windows and tags that come back, on either store."""

from datetime import timedelta
from typing import Any

from services.offers.tests.offers_world import Shop, accepted, asks, reason_of

from kernel.ids import OfferId
from kernel.refusals import Refusal
from offers.domain.hold import HoldAsked
from offers.domain.holding import OnSale, choose
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.publish_offer import publish_offer

KINDLE = OfferId("kindle")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def hold(shop: Shop, *asked: HoldAsked) -> list[Any]:
    return await hold_stock(asked, transactions=shop.transactions)


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
