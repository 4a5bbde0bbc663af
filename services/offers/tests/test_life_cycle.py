"""From draft to ended: what each verb does at each place, in memory and on PostgreSQL."""

from datetime import timedelta
from typing import Any

from services.offers.tests.offers_world import Shop, a_draft, accepted, reason_of

from kernel.ids import OfferId
from kernel.refusals import Refusal
from offers.domain.offer import OfferState, Standing
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.forget_tags import forget_tags
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.publish_offer import publish_offer
from offers.usecases.write_offer import update_offer

KINDLE = OfferId("kindle")
DAY = timedelta(days=1)


async def publish(shop: Shop, offer_id: str = KINDLE) -> object:
    return await publish_offer(OfferId(offer_id), transactions=shop.transactions)


async def update(shop: Shop, *paths: str, based_on: int = 0, allow_missing: bool = False, **changes: Any) -> object:
    return await update_offer(
        a_draft(shop.clock(), **changes),
        paths=paths,
        based_on=based_on,
        allow_missing=allow_missing,
        transactions=shop.transactions,
    )


async def test_an_offer_is_a_draft_until_it_is_published_then_scheduled_live_and_ended(shop: Shop) -> None:
    opens = shop.clock() + DAY
    draft = await shop.drafted(starts_at=opens, ends_at=opens + DAY)

    published = accepted(await publish(shop))

    assert draft.state_at(opens) is OfferState.DRAFT
    assert published.state_at(opens - DAY) is OfferState.SCHEDULED
    assert published.state_at(opens) is OfferState.LIVE
    assert published.state_at(opens + DAY) is OfferState.ENDED


async def test_publishing_what_is_published_changes_nothing(shop: Shop) -> None:
    first = await shop.published()

    assert accepted(await publish(shop)) == first


async def test_a_paused_offer_is_resumed_by_publishing(shop: Shop) -> None:
    await shop.published()

    paused = accepted(await pause_offer(KINDLE, transactions=shop.transactions))
    again = accepted(await pause_offer(KINDLE, transactions=shop.transactions))
    resumed = accepted(await publish(shop))

    assert (paused.state_at(shop.clock()), again) == (OfferState.PAUSED, paused)
    assert (resumed.state_at(shop.clock()), resumed.version) == (OfferState.LIVE, paused.version + 1)


async def test_a_draft_cannot_be_paused(shop: Shop) -> None:
    await shop.drafted()

    assert reason_of(await pause_offer(KINDLE, transactions=shop.transactions)) == "OFFER_NOT_PUBLISHED"


async def test_a_draft_whose_window_is_over_is_not_published(shop: Shop) -> None:
    await shop.drafted()
    shop.clock.forward(8 * DAY)

    assert reason_of(await publish(shop)) == "WINDOW_OVER"


async def test_what_has_ended_stays_ended(shop: Shop) -> None:
    await shop.published()

    ended = accepted(await end_offer(KINDLE, transactions=shop.transactions))
    again = accepted(await end_offer(KINDLE, transactions=shop.transactions))

    assert (ended.standing, ended.ends_at, again) == (Standing.ENDED, shop.clock(), ended)
    assert reason_of(await publish(shop)) == "OFFER_ENDED"
    assert reason_of(await pause_offer(KINDLE, transactions=shop.transactions)) == "OFFER_ENDED"
    assert reason_of(await update(shop, title="New")) == "OFFER_ENDED"


async def test_unknown_offers_are_not_found(shop: Shop) -> None:
    assert reason_of(await publish(shop)) == "OFFER_NOT_FOUND"
    assert reason_of(await pause_offer(KINDLE, transactions=shop.transactions)) == "OFFER_NOT_FOUND"
    assert reason_of(await end_offer(KINDLE, transactions=shop.transactions)) == "OFFER_NOT_FOUND"
    assert reason_of(await update(shop)) == "OFFER_NOT_FOUND"


async def test_a_tag_belongs_to_one_published_offer_at_a_time(shop: Shop) -> None:
    await shop.published()
    await shop.drafted(offer_id="second", tag="bUYkINDLEfIREhd")

    refusal = await publish(shop, "second")

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.facts["offer_id"]) == ("TAG_TAKEN", "kindle")


async def test_a_tag_is_free_again_when_its_offer_has_ended(shop: Shop) -> None:
    await shop.published()
    await shop.drafted(offer_id="second")
    accepted(await end_offer(KINDLE, transactions=shop.transactions))

    assert accepted(await publish(shop, "second")).standing is Standing.PUBLISHED


async def test_publishing_ends_a_holder_whose_window_is_over(shop: Shop) -> None:
    await shop.published()
    shop.clock.forward(8 * DAY)
    await shop.drafted(offer_id="second")

    published = accepted(await publish(shop, "second"))

    assert published.standing is Standing.PUBLISHED
    assert (await shop.offer()).standing is Standing.ENDED


async def test_a_paused_offer_keeps_its_tag_and_takes_it_back(shop: Shop) -> None:
    await shop.published()
    await shop.drafted(offer_id="second")
    accepted(await pause_offer(KINDLE, transactions=shop.transactions))

    assert reason_of(await publish(shop, "second")) == "TAG_TAKEN"
    assert accepted(await publish(shop)).standing is Standing.PUBLISHED


async def test_offers_whose_window_is_over_are_ended_once(shop: Shop) -> None:
    await shop.published()
    shop.clock.forward(8 * DAY)

    first = await end_due_offers(transactions=shop.transactions)
    second = await end_due_offers(transactions=shop.transactions)

    ended = await shop.offer()
    assert (first, second) == (1, 0)
    assert (ended.standing, ended.closed_by_hand_at) == (Standing.ENDED, None)


async def test_a_tag_is_known_until_thirty_days_after_the_end_and_its_version_goes_on(shop: Shop) -> None:
    published = await shop.published()
    shop.clock.forward(8 * DAY)
    await end_due_offers(transactions=shop.transactions)

    too_early = await forget_tags(transactions=shop.transactions)
    shop.clock.at = published.ends_at + 30 * DAY
    forgotten = await forget_tags(transactions=shop.transactions)
    nothing_left = await forget_tags(transactions=shop.transactions)
    await shop.published(offer_id="second")

    async with shop.transactions.begin() as unit:
        known = await unit.known_tags.by_tag(published.terms.canonical_tag)
    assert (too_early, forgotten, nothing_left) == (0, 1, 0)
    assert known is not None
    assert (known.offer_id, known.version) == ("second", 3)
