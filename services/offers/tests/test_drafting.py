"""What makes an offer's terms, and which field is named when it cannot."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.offers.tests.offers_world import a_draft, accepted

from kernel.money import Money
from kernel.refusals import Refusal
from offers.domain.changing import create
from offers.domain.checking import check_offer
from offers.domain.drafting import check_mask, draft_of, merged
from offers.domain.merchant import check_merchant
from offers.domain.offer import TaxRule

AT = datetime(2013, 2, 14, 12, tzinfo=UTC)


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency_code="USD")


def rule(default: int = 0, **regions: int) -> TaxRule:
    return TaxRule(default_basis_points=default, region_basis_points=regions)


def test_a_good_draft_becomes_terms_with_free_shipping() -> None:
    terms = accepted(check_offer(a_draft(AT)))

    assert (terms.shipping, terms.canonical_tag) == (usd(0), "buykindlefirehd")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"offer_id": "Kindle"}, "offer.offer_id"),
        ({"offer_id": "-kindle"}, "offer.offer_id"),
        ({"merchant_id": "a"}, "offer.merchant_id"),
        ({"kind": None}, "offer.kind"),
        ({"tag": "1Kindle"}, "offer.tag"),
        ({"tag": "Buy-Kindle"}, "offer.tag"),
        ({"tag": "OK23456789"}, "offer.tag"),
        ({"title": " "}, "offer.title"),
        ({"title": "a" * 101}, "offer.title"),
        ({"title": "a\nb"}, "offer.title"),
        ({"description": "a" * 501}, "offer.description"),
        ({"description": "a\x00b"}, "offer.description"),
        ({"price": None}, "offer.price"),
        ({"price": usd(0)}, "offer.price.amount_minor"),
        ({"price": usd(-1)}, "offer.price.amount_minor"),
        ({"price": usd(10**12 + 1)}, "offer.price.amount_minor"),
        ({"price": Money(amount_minor=1, currency_code="usd")}, "offer.price.currency_code"),
        ({"shipping": usd(-1)}, "offer.shipping.amount_minor"),
        ({"shipping": Money(amount_minor=1, currency_code="EUR")}, "offer.shipping.currency_code"),
        ({"tax_rule": rule(5_001)}, "offer.tax_rule.default_basis_points"),
        ({"tax_rule": rule(NY=5_001)}, 'offer.tax_rule.region_basis_points["NY"]'),
        ({"tax_rule": rule(ny=1)}, 'offer.tax_rule.region_basis_points["ny"]'),
        ({"tax_rule": rule(**{f"A{n}": 1 for n in range(101)})}, "offer.tax_rule.region_basis_points"),
        ({"stock_total": -1}, "offer.stock.total"),
        ({"stock_total": 10_000_001}, "offer.stock.total"),
        ({"per_member_limit": 0}, "offer.per_member_limit"),
        ({"per_member_limit": 101}, "offer.per_member_limit"),
        ({"starts_at": None}, "offer.window.starts_at"),
        ({"ends_at": None}, "offer.window.ends_at"),
        ({"ends_at": AT - timedelta(days=1)}, "offer.window.ends_at"),
        ({"time_zone": "Mars/Olympus"}, "offer.window.time_zone"),
        ({"time_zone": ""}, "offer.window.time_zone"),
        ({"channels": ()}, "offer.channels"),
        ({"channels": ("x", "x")}, "offer.channels"),
        ({"channels": ("x", "X!")}, "offer.channels[1]"),
        ({"fulfilment": None}, "offer.fulfilment"),
        ({"ship_to_countries": ("USA",)}, "offer.ship_to_countries[0]"),
        ({"terms_url": "http://acme.example"}, "offer.terms_url"),
        ({"terms_url": "https://"}, "offer.terms_url"),
        ({"terms_url": "https://[oops"}, "offer.terms_url"),
        ({"terms_url": "https://acme.example/a b"}, "offer.terms_url"),
        ({"terms_url": "https://acme.example/" + "a" * 200}, "offer.terms_url"),
    ],
)
def test_a_field_that_cannot_be_is_named(changes: dict[str, Any], field: str) -> None:
    refusal = check_offer(a_draft(AT, **changes))

    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.facts["field"]) == ("INVALID_FIELD", field)


def test_every_wrong_field_is_told_at_once() -> None:
    refusal = check_offer(a_draft(AT, tag="", price=None, stock_total=-1))

    assert isinstance(refusal, Refusal)
    assert (refusal.facts["field"], refusal.facts["field_2"], refusal.facts["field_3"]) == (
        "offer.tag",
        "offer.price",
        "offer.stock.total",
    )
    assert refusal.facts["message_2"] == "must be set."


def test_a_mask_changes_the_named_fields_alone() -> None:
    offer = create("kindle", accepted(check_offer(a_draft(AT))), at=AT)  # type: ignore[arg-type] # a text will do here
    wanted = a_draft(AT, title="New", stock_total=3, tag="Other", ends_at=AT + timedelta(days=9))

    laid = merged(offer, wanted, paths=("title", "stock.total", "window.ends_at"))

    assert (laid.title, laid.stock_total, laid.tag, laid.ends_at) == (
        "New",
        3,
        "BuyKindleFireHD",
        AT + timedelta(days=9),
    )
    assert laid.starts_at == offer.terms.window.starts_at


def test_an_empty_mask_changes_everything() -> None:
    offer = create("kindle", accepted(check_offer(a_draft(AT))), at=AT)  # type: ignore[arg-type] # a text will do here
    wanted = a_draft(AT, title="New")

    assert merged(offer, wanted, paths=()) is wanted
    assert accepted(check_offer(draft_of(offer))) == offer.terms


@pytest.mark.parametrize("path", ["version", "state", "offer_id", "stock_total", "price.amount_minor", "nonsense"])
def test_a_mask_names_only_what_can_be_changed(path: str) -> None:
    refusal = check_mask(["title", path])

    assert isinstance(refusal, Refusal)
    assert refusal.facts["field"] == "update_mask"
    assert check_mask(["title", "window", "stock"]) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"merchant_id": "A"}, "merchant.merchant_id"),
        ({"display_name": ""}, "merchant.display_name"),
        ({"support_email": "nobody"}, "merchant.support_email"),
        ({"support_email": "a" * 250 + "@acme.example"}, "merchant.support_email"),
        ({"support_email": "he\x00lp@acme.example"}, "merchant.support_email"),
        ({"support_email": "hëlp@acme.example"}, "merchant.support_email"),
    ],
)
def test_a_merchants_field_that_cannot_be_is_named(changes: dict[str, str], field: str) -> None:
    fields = {"merchant_id": "acme", "display_name": "Acme", "support_email": "help@acme.example"}

    refusal = check_merchant(**fields | changes, at=AT)

    assert isinstance(refusal, Refusal)
    assert refusal.facts["field"] == field


def test_tax_is_the_regions_rate_or_the_default_rounded_half_up() -> None:
    taxed = rule(800, NY=887)

    assert taxed.tax_on(usd(149_99), region="NY") == usd(1330)
    assert taxed.tax_on(usd(149_99), region="TX") == usd(1200)
