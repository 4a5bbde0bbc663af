"""Rows of offers' tables as domain records, and back."""

from typing import Any, Protocol

from kernel.ids import CardmemberId, MerchantId, Network, OfferId, OrderId
from kernel.money import Money
from kernel.tags import Tag
from offers.domain.events import KnownTag
from offers.domain.hold import Hold, HoldState, KnownOrder, Promise, Tombstone
from offers.domain.merchant import Merchant
from offers.domain.offer import Fulfilment, Offer, OfferKind, Standing, Stock, TaxRule, Terms, Window


class Row(Protocol):
    """A row by column names, whoever's."""

    def __getitem__(self, column: str, /) -> Any:
        """Give a column's value."""


OFFER_COLUMNS = (
    "offer_id, merchant_id, kind, tag, tag_canonical, title, description, currency_code, price_minor, shipping_minor,"
    " tax_default_basis_points, tax_regions, tax_region_basis_points, per_member_limit, starts_at, ends_at, time_zone,"
    " channels, fulfilment, ship_to_countries, terms_url, standing, closed_by_hand_at, version, created_at, updated_at"
)

HOLD_COLUMNS = (
    "order_id, offer_id, cardmember_id, state, lapse_at, offer_version, merchant_id, merchant_name, title, tag,"
    " currency_code, price_minor, tax_minor, shipping_minor, fulfilment, terms_url"
)


def merchant_of(row: Row) -> Merchant:
    """Read a merchant."""
    return Merchant(
        merchant_id=MerchantId(row["merchant_id"]),
        display_name=row["display_name"],
        support_email=row["support_email"],
        updated_at=row["updated_at"],
    )


def offer_of(row: Row) -> Offer:
    """Read an offer with its stock, whose version is called stock_version."""
    return Offer(
        offer_id=OfferId(row["offer_id"]),
        terms=_terms_of(row),
        standing=Standing(row["standing"]),
        stock=stock_of(row, version=row["stock_version"]),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        closed_by_hand_at=row["closed_by_hand_at"],
    )


def stock_of(row: Row, *, version: int) -> Stock:
    """Read the counts."""
    return Stock(available=row["available"], held=row["held"], committed=row["committed"], version=version)


def offer_values(offer: Offer) -> tuple[Any, ...]:
    """Write an offer's columns, in the order of OFFER_COLUMNS."""
    terms = offer.terms
    return (
        offer.offer_id,
        terms.merchant_id,
        terms.kind,
        terms.tag,
        terms.canonical_tag,
        terms.title,
        terms.description,
        terms.price.currency_code,
        terms.price.amount_minor,
        terms.shipping.amount_minor,
        terms.tax_rule.default_basis_points,
        list(terms.tax_rule.region_basis_points),
        list(terms.tax_rule.region_basis_points.values()),
        terms.per_member_limit,
        terms.window.starts_at,
        terms.window.ends_at,
        terms.window.time_zone,
        list(terms.channels),
        terms.fulfilment,
        list(terms.ship_to_countries),
        terms.terms_url,
        offer.standing,
        offer.closed_by_hand_at,
        offer.version,
        offer.created_at,
        offer.updated_at,
    )


def known_order_of(row: Row) -> KnownOrder:
    """Read what is known of an order: its hold or its tombstone."""
    order_id = OrderId(row["order_id"])
    if row["offer_id"] is None:
        return Tombstone(order_id=order_id)
    return Hold(
        order_id=order_id,
        offer_id=OfferId(row["offer_id"]),
        cardmember_id=CardmemberId(row["cardmember_id"]),
        promise=_promise_of(row),
        state=HoldState(row["state"]),
        lapse_at=row["lapse_at"],
    )


def hold_values(hold: Hold) -> tuple[Any, ...]:
    """Write a hold's columns, in the order of HOLD_COLUMNS."""
    promise = hold.promise
    return (
        hold.order_id,
        hold.offer_id,
        hold.cardmember_id,
        hold.state,
        hold.lapse_at,
        promise.offer_version,
        promise.merchant_id,
        promise.merchant_name,
        promise.title,
        promise.tag,
        promise.price.currency_code,
        promise.price.amount_minor,
        promise.tax.amount_minor,
        promise.shipping.amount_minor,
        promise.fulfilment,
        promise.terms_url,
    )


def known_tag_of(row: Row) -> KnownTag:
    """Read a tag's entry."""
    return KnownTag(
        tag=Tag(row["tag"]),
        offer_id=OfferId(row["offer_id"]),
        kind=OfferKind(row["kind"]),
        channels=tuple(Network(channel) for channel in row["channels"]),
        ends_at=row["ends_at"],
        known_until=row["known_until"],
        version=row["version"],
    )


def _terms_of(row: Row) -> Terms:
    currency = row["currency_code"]
    return Terms(
        merchant_id=MerchantId(row["merchant_id"]),
        kind=OfferKind(row["kind"]),
        tag=row["tag"],
        title=row["title"],
        description=row["description"],
        price=Money(amount_minor=row["price_minor"], currency_code=currency),
        shipping=Money(amount_minor=row["shipping_minor"], currency_code=currency),
        tax_rule=TaxRule(
            default_basis_points=row["tax_default_basis_points"],
            region_basis_points=dict(zip(row["tax_regions"], row["tax_region_basis_points"], strict=True)),
        ),
        stock_total=row["total"],
        per_member_limit=row["per_member_limit"],
        window=Window(starts_at=row["starts_at"], ends_at=row["ends_at"], time_zone=row["time_zone"]),
        channels=tuple(Network(channel) for channel in row["channels"]),
        fulfilment=Fulfilment(row["fulfilment"]),
        ship_to_countries=tuple(row["ship_to_countries"]),
        terms_url=row["terms_url"],
    )


def _promise_of(row: Row) -> Promise:
    currency = row["currency_code"]
    return Promise(
        offer_version=row["offer_version"],
        merchant_id=MerchantId(row["merchant_id"]),
        merchant_name=row["merchant_name"],
        title=row["title"],
        tag=row["tag"],
        price=Money(amount_minor=row["price_minor"], currency_code=currency),
        tax=Money(amount_minor=row["tax_minor"], currency_code=currency),
        shipping=Money(amount_minor=row["shipping_minor"], currency_code=currency),
        fulfilment=Fulfilment(row["fulfilment"]),
        terms_url=row["terms_url"],
    )
