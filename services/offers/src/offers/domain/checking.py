"""Checking: a draft becomes terms, or one refusal that names every wrong field."""

from datetime import UTC, datetime
from functools import cache
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from kernel.ids import MerchantId, Network
from kernel.money import Money
from kernel.refusals import Refusal
from kernel.tags import is_offer_tag
from offers.domain.drafting import OfferDraft
from offers.domain.offer import Fulfilment, OfferKind, TaxRule, Terms, Window
from offers.domain.violations import (
    COUNTRY,
    CURRENCY,
    ID,
    NETWORK,
    REGION,
    Violations,
    check_names,
    check_text,
)

TITLE_CHARACTERS_MAX = 100
DESCRIPTION_CHARACTERS_MAX = 500
URL_CHARACTERS_MAX = 200
AMOUNT_MINOR_MAX = 10**12
STOCK_MAX = 10_000_000
PER_MEMBER_MAX = 100
RATE_MAX = 5_000
"""Half of the price in basis points: more is a slip of the pen."""

REGIONS_MAX = 100
CHANNELS_MAX = 10
COUNTRIES_MAX = 50

_UNSET = datetime.max.replace(tzinfo=UTC)


def check_offer(draft: OfferDraft) -> Terms | Refusal:
    """Make terms of a draft; unset shipping is free."""
    found = Violations()
    _check_words(found, draft)
    _check_amounts(found, draft)
    _check_window(found, draft)
    _check_reach(found, draft)
    return found.refusal() or _terms(draft)


def _check_words(found: Violations, draft: OfferDraft) -> None:
    id_shape = "must be 3 to 50 lower-case letters, digits or -"
    found.unless(ID.fullmatch(draft.offer_id), "offer.offer_id", id_shape)
    found.unless(ID.fullmatch(draft.merchant_id), "offer.merchant_id", id_shape)
    found.unless(draft.kind, "offer.kind", "must be PURCHASE")
    tag_shape = "must be 3 to 50 ASCII letters, digits or _, begin with a letter, and not look like a confirmation tag"
    found.unless(is_offer_tag(draft.tag), "offer.tag", tag_shape)
    check_text(found, draft.title, "offer.title", characters_max=TITLE_CHARACTERS_MAX)
    check_text(
        found,
        draft.description,
        "offer.description",
        characters_max=DESCRIPTION_CHARACTERS_MAX,
        required=False,
        lines=True,
    )
    found.unless(_is_https(draft.terms_url), "offer.terms_url", "must be an https address of at most 200 characters")


def _check_amounts(found: Violations, draft: OfferDraft) -> None:
    _check_money(found, draft.price, "offer.price", minor_min=1)
    if draft.shipping is not None:
        _check_money(found, draft.shipping, "offer.shipping", minor_min=0)
        same = draft.price is None or draft.price.currency_code == draft.shipping.currency_code
        found.unless(same, "offer.shipping.currency_code", "must be the price's currency")
    _check_tax(found, draft.tax_rule)
    found.unless(0 <= draft.stock_total <= STOCK_MAX, "offer.stock.total", f"must be 0 to {STOCK_MAX}")
    fits = 1 <= draft.per_member_limit <= PER_MEMBER_MAX
    found.unless(fits, "offer.per_member_limit", f"must be 1 to {PER_MEMBER_MAX}")


def _check_money(found: Violations, money: Money | None, path: str, *, minor_min: int) -> None:
    if money is None:
        found.unless(holds=False, field_path=path, message="must be set")
        return
    fits = minor_min <= money.amount_minor <= AMOUNT_MINOR_MAX
    found.unless(fits, f"{path}.amount_minor", f"must be {minor_min} to {AMOUNT_MINOR_MAX}, it is {money.amount_minor}")
    found.unless(
        CURRENCY.fullmatch(money.currency_code), f"{path}.currency_code", "must be an ISO 4217 code such as USD"
    )


def _check_tax(found: Violations, rule: TaxRule) -> None:
    path, bounds = "offer.tax_rule", f"must be 0 to {RATE_MAX}"
    found.unless(0 <= rule.default_basis_points <= RATE_MAX, f"{path}.default_basis_points", bounds)
    regions = f"{path}.region_basis_points"
    found.unless(len(rule.region_basis_points) <= REGIONS_MAX, regions, f"names more than {REGIONS_MAX} regions")
    for region, rate in rule.region_basis_points.items():
        found.unless(REGION.fullmatch(region), f'{regions}["{region}"]', "must be named by a region code such as NY")
        found.unless(0 <= rate <= RATE_MAX, f'{regions}["{region}"]', bounds)


def _check_window(found: Violations, draft: OfferDraft) -> None:
    found.unless(draft.starts_at, "offer.window.starts_at", "must be set")
    found.unless(draft.ends_at, "offer.window.ends_at", "must be set")
    later = (draft.ends_at or _UNSET) > (draft.starts_at or datetime.min.replace(tzinfo=UTC))
    found.unless(later, "offer.window.ends_at", "must be later than starts_at")
    zone = "must be an IANA time zone such as America/New_York"
    found.unless(draft.time_zone in _time_zones(), "offer.window.time_zone", zone)


def _check_reach(found: Violations, draft: OfferDraft) -> None:
    check_names(found, draft.channels, "offer.channels", shape=NETWORK, example="x", count_max=CHANNELS_MAX)
    countries = "offer.ship_to_countries"
    check_names(found, draft.ship_to_countries, countries, shape=COUNTRY, example="US", count_max=COUNTRIES_MAX)
    found.unless(draft.fulfilment, "offer.fulfilment", "must be GOODS or DIGITAL")


def _terms(draft: OfferDraft) -> Terms:
    price = cast("Money", draft.price)
    return Terms(
        merchant_id=MerchantId(draft.merchant_id),
        kind=cast("OfferKind", draft.kind),
        tag=draft.tag,
        title=draft.title,
        description=draft.description,
        price=price,
        shipping=draft.shipping or Money(amount_minor=0, currency_code=price.currency_code),
        tax_rule=draft.tax_rule,
        stock_total=draft.stock_total,
        per_member_limit=draft.per_member_limit,
        window=Window(
            starts_at=cast("datetime", draft.starts_at),
            ends_at=cast("datetime", draft.ends_at),
            time_zone=draft.time_zone,
        ),
        channels=tuple(Network(channel) for channel in draft.channels),
        fulfilment=cast("Fulfilment", draft.fulfilment),
        ship_to_countries=draft.ship_to_countries,
        terms_url=draft.terms_url,
    )


def _is_https(url: str) -> bool:
    if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


@cache
def _time_zones() -> frozenset[str]:
    """Read the zone names once: it walks the zone folder (about 5 ms)."""
    return frozenset(available_timezones())
