"""Creating and changing offers: what may change when, in memory and on PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest
from services.offers.tests.offers_world import Shop, a_draft, accepted, reason_of

from kernel.ids import OfferId
from kernel.money import Money
from kernel.refusals import Refusal
from offers.domain.offer import Standing
from offers.usecases.write_offer import create_offer, update_offer

KINDLE = OfferId("kindle")
DAY = timedelta(days=1)


async def update(shop: Shop, *paths: str, based_on: int = 0, allow_missing: bool = False, **changes: Any) -> object:
    return await update_offer(
        a_draft(shop.clock(), **changes),
        paths=paths,
        based_on=based_on,
        allow_missing=allow_missing,
        transactions=shop.transactions,
    )


async def test_an_unknown_offer_is_created_when_missing_is_allowed(shop: Shop) -> None:
    await shop.merchant()

    created = accepted(await update(shop, allow_missing=True))

    assert (created.standing, created.version) == (Standing.DRAFT, 1)


async def test_an_offer_needs_its_merchant_and_a_free_id(shop: Shop) -> None:
    assert reason_of(await create_offer(a_draft(shop.clock()), transactions=shop.transactions)) == "MERCHANT_NOT_FOUND"
    await shop.drafted()

    assert reason_of(await create_offer(a_draft(shop.clock()), transactions=shop.transactions)) == "OFFER_EXISTS"
    assert reason_of(await update(shop, merchant_id="nobody")) == "MERCHANT_NOT_FOUND"
    assert reason_of(await update(shop, title="")) == "INVALID_FIELD"
    assert reason_of(await update(shop, "nonsense")) == "INVALID_FIELD"
    assert (
        reason_of(await create_offer(a_draft(shop.clock(), tag=""), transactions=shop.transactions)) == "INVALID_FIELD"
    )


async def test_a_draft_may_change_everything(shop: Shop) -> None:
    await shop.drafted()

    changed = accepted(await update(shop, tag="Other", price=Money(amount_minor=1, currency_code="EUR")))

    assert (changed.terms.tag, changed.terms.price.currency_code, changed.version) == ("Other", "EUR", 2)


async def test_the_same_terms_again_change_nothing(shop: Shop) -> None:
    before = await shop.published()

    assert accepted(await update(shop)) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tag": "Other"}, "offer.tag"),
        ({"merchant_id": "other"}, "offer.merchant_id"),
        ({"price": Money(amount_minor=1, currency_code="EUR")}, "offer.price.currency_code"),
    ],
)
async def test_what_the_tag_promised_is_fixed_once_published(shop: Shop, changes: dict[str, Any], field: str) -> None:
    await shop.published()
    await shop.merchant("other")

    refusal = await update(shop, **changes)

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.facts["field"]) == ("FIELD_FIXED", field)


async def test_the_start_is_fixed_once_it_has_passed(shop: Shop) -> None:
    opens = shop.clock() + DAY
    await shop.published(starts_at=opens, ends_at=opens + DAY)

    moved = accepted(await update(shop, "window.starts_at", starts_at=opens + timedelta(hours=1)))
    shop.clock.forward(2 * DAY - timedelta(hours=1))
    refusal = await update(shop, "window.starts_at", starts_at=opens)

    assert moved.terms.window.starts_at == opens + timedelta(hours=1)
    assert isinstance(refusal, Refusal)
    assert refusal.facts["field"] == "offer.window.starts_at"


async def test_a_change_based_on_another_version_is_stale(shop: Shop) -> None:
    await shop.drafted()
    accepted(await update(shop, title="Second", based_on=1))

    assert reason_of(await update(shop, title="Third", based_on=1)) == "VERSION_STALE"


async def test_stock_rises_and_falls_with_its_total(shop: Shop) -> None:
    await shop.published(stock_total=10)

    raised = accepted(await update(shop, "stock.total", stock_total=15))
    lowered = accepted(await update(shop, "stock.total", stock_total=0))

    assert (raised.stock.available, raised.stock.total, lowered.stock.available) == (15, 15, 0)
    assert (await shop.offer()).stock == lowered.stock
    assert lowered.stock.sold_out
