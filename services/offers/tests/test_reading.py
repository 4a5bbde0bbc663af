"""Reading: lists, favorites, what watchers see, and the tags a lost bucket is filled with; on either store."""

from datetime import timedelta
from typing import Any

import pytest
from services.offers.tests.offers_world import NETWORK, Shop

from chassis.postgres import Database
from hashtill.offers.v1 import offer_pb2
from kernel.ids import MerchantId, Network, OfferId
from offers.domain.offer import Offer, OfferState
from offers.outbound.postgres import rebuild_known_tags
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.halt_offer import end_offer, pause_offer
from offers.usecases.ports import FavoritePosition, OfferFilter, OfferPosition
from offers.usecases.read_offers import get_offer, list_favorites, list_merchants, list_offers

DAY = timedelta(days=1)
EVERY = OfferFilter()


def names(offers: Any) -> list[str]:
    return [offer.offer_id for offer in offers]


async def listed(shop: Shop, where: OfferFilter, after: OfferPosition | None = None, limit: int = 50) -> list[str]:
    offers, _ = await list_offers(where=where, after=after, limit=limit, transactions=shop.transactions)
    return names(offers)


async def favorites(shop: Shop, after: FavoritePosition | None = None, limit: int = 50) -> list[Offer]:
    offers, _ = await list_favorites(NETWORK, after=after, limit=limit, transactions=shop.transactions)
    return list(offers)


@pytest.fixture
async def full_shop(shop: Shop) -> Shop:
    """Open a shop with an offer in every state."""
    at = shop.clock()
    await shop.drafted(offer_id="draft", tag="Draft")
    await shop.published(offer_id="live", tag="Live", ends_at=at + 2 * DAY)
    await shop.published(offer_id="gone", tag="Gone", ends_at=at + DAY, stock_total=0)
    await shop.published(offer_id="scheduled", tag="Scheduled", starts_at=at + DAY)
    await shop.published(offer_id="elsewhere", tag="Elsewhere", channels=("xbox",))
    for name in ("paused", "closed"):
        await shop.published(offer_id=name, tag=name)
    await shop.merchant("other")
    await shop.published(offer_id="over", tag="Over", merchant_id="other", ends_at=at + timedelta(seconds=1))
    await pause_offer(OfferId("paused"), transactions=shop.transactions)
    await end_offer(OfferId("closed"), transactions=shop.transactions)
    shop.clock.forward(timedelta(seconds=1))
    return shop


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (OfferState.DRAFT, ["draft"]),
        (OfferState.SCHEDULED, ["scheduled"]),
        (OfferState.LIVE, ["elsewhere", "gone", "live"]),
        (OfferState.PAUSED, ["paused"]),
        (OfferState.ENDED, ["closed", "over"]),
    ],
)
async def test_lists_show_the_states_as_of_now(full_shop: Shop, state: OfferState, expected: list[str]) -> None:
    assert await listed(full_shop, OfferFilter(states=frozenset({state}))) == expected


async def test_lists_are_newest_first_by_merchant_and_page_by_page(full_shop: Shop) -> None:
    await full_shop.drafted(offer_id="newest", tag="Newest")
    newest = await full_shop.offer("newest")
    place = OfferPosition(created_at=newest.created_at, offer_id=newest.offer_id)

    everything = await listed(full_shop, EVERY)

    assert everything == ["newest", *sorted(everything[1:])]
    assert await listed(full_shop, EVERY, after=place, limit=2) == everything[1:3]
    live = await full_shop.offer("live")
    after_live = OfferPosition(created_at=live.created_at, offer_id=live.offer_id)
    assert await listed(full_shop, EVERY, after=after_live) == everything[everything.index("live") + 1 :]
    assert await listed(full_shop, OfferFilter(merchant_id=MerchantId("other"))) == ["over"]


async def test_favorites_are_scheduled_and_live_ones_soonest_first_and_sold_out_last(full_shop: Shop) -> None:
    shown = await favorites(full_shop)

    first = shown[0]
    place = FavoritePosition(sold_out=first.stock.sold_out, ends_at=first.ends_at, offer_id=first.offer_id)
    assert names(shown) == ["live", "scheduled", "gone"]
    assert names(await favorites(full_shop, after=place, limit=1)) == ["scheduled"]
    everywhere, _ = await list_favorites(None, after=None, limit=50, transactions=full_shop.transactions)
    assert "elsewhere" in names(everywhere)


async def test_what_ended_stays_in_view_for_a_while(full_shop: Shop) -> None:
    await end_due_offers(transactions=full_shop.transactions)

    async with full_shop.transactions.begin() as unit:
        now = await unit.offers.in_view(ended_since=unit.at - DAY, limit=50)
        later = await unit.offers.in_view(ended_since=unit.at + DAY, limit=50)
        bounded = await unit.offers.in_view(ended_since=unit.at - DAY, limit=2)

    assert set(names(now)) - set(names(later)) == {"closed", "over"}
    assert "draft" not in names(now)
    assert len(bounded) == 2


async def test_one_offer_is_read_and_merchants_are_listed_by_id(full_shop: Shop) -> None:
    found = await get_offer(OfferId("live"), transactions=full_shop.transactions)
    everyone = await list_merchants(after=None, limit=50, transactions=full_shop.transactions)
    after_acme = await list_merchants(after=MerchantId("acme"), limit=50, transactions=full_shop.transactions)

    assert isinstance(found, tuple)
    assert found[1] == full_shop.clock()
    assert [merchant.merchant_id for merchant in everyone] == ["acme", "other"]
    assert [merchant.merchant_id for merchant in after_acme] == ["other"]


@pytest.mark.servers
async def test_a_lost_bucket_is_filled_again_with_every_known_tag(postgres_shop: Shop, database: Database) -> None:
    await postgres_shop.published()
    await postgres_shop.published(offer_id="second", tag="Second", channels=(Network("xbox"),))
    await postgres_shop.drafted(offer_id="draft", tag="Draft")

    async with database.transaction() as connection:
        changes = await rebuild_known_tags(connection)

    known = [offer_pb2.KnownTag.FromString(change.value or b"") for change in changes]
    assert [(each.tag, list(each.channels)) for each in known] == [("buykindlefirehd", ["x"]), ("second", ["xbox"])]
