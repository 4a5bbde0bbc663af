"""Order rows: an order as the columns of its table; what changes together is saved together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from orders.domain.order import Order

FIXED = {
    "order_id": "uuid",
    "network": "text",
    "post_id": "text",
    "version_id": "text",
    "author_id": "text",
    "author_handle": "text",
    "language": "text",
    "link_id": "uuid",
    "cardmember_id": "uuid",
    "card_token": "text",
    "ship_to_country": "text",
    "ship_to_region": "text",
    "tag": "text",
    "posted_at": "timestamptz",
    "created_at": "timestamptz",
    "traceparent": "text",
}
"""Columns written once, with their types."""

Values: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Columns that change together: their types, and how an order fills them."""

    columns: Mapping[str, str]
    values: Callable[[Order], Values]


def fixed_of(order: Order) -> Values:
    """Give the values of FIXED."""
    return tuple(getattr(order, column) for column in FIXED)


def state_of(order: Order) -> Values:
    """Give the values of STATE."""
    return (
        order.state,
        order.version,
        order.updated_at,
        order.deadline_at,
        order.next_step_at,
        order.attempts,
    )


def end_of(order: Order) -> Values:
    """Give the values of END."""
    return order.ends_as, order.reason, order.cancel_reason, order.disowned


def _prompt_values(order: Order) -> Values:
    early = order.early
    if early is None:
        return (order.prompt_post_id, order.confirm_by, *_NO_EARLY)
    kept = (early.kind, early.at, early.post_id, early.version_id, early.target_post_id)
    return (order.prompt_post_id, order.confirm_by, *kept)


def _charge_values(order: Order) -> Values:
    return order.charge.attempt, order.charge.charge_id, order.charge.card_last4, order.remorse_ends_at


def _refund_values(order: Order) -> Values:
    return order.refund.refunded_minor, order.refund.request_id, order.refund.asked_minor


def _terms_values(order: Order) -> Values:
    terms = order.terms
    if terms is None:
        return (None,) * 11
    return (
        terms.offer_id,
        terms.merchant_id,
        terms.merchant_name,
        terms.title,
        terms.total.currency_code,
        terms.price.amount_minor,
        terms.tax.amount_minor,
        terms.shipping.amount_minor,
        terms.total.amount_minor,
        terms.digital,
        order.confirmation_tag,
    )


def _confirmation_values(order: Order) -> Values:
    confirmation = order.confirmation
    if confirmation is None:
        return (None,) * 4
    return confirmation.kind, confirmation.at, confirmation.post_id, confirmation.version_id


def _shipment_values(order: Order) -> Values:
    shipment = order.shipment
    if shipment is None:
        return (None,) * 5
    return (
        shipment.accepted_at,
        shipment.deliver_by,
        shipment.carrier,
        shipment.tracking_number,
        shipment.shipped_at,
    )


_NO_EARLY = (None,) * 5

STATE = Section(
    columns={
        "state": "text",
        "version": "bigint",
        "updated_at": "timestamptz",
        "deadline_at": "timestamptz",
        "next_step_at": "timestamptz",
        "attempts": "integer",
    },
    values=state_of,
)
"""Columns that every save writes."""

END = Section(
    columns={"ends_as": "text", "reason": "text", "cancel_reason": "text", "disowned": "boolean"}, values=end_of
)
"""Columns of an order that does not go its normal way; written at birth too, for they have no defaults."""

_TERMS = Section(
    columns={
        "offer_id": "text",
        "merchant_id": "text",
        "merchant_name": "text",
        "title": "text",
        "currency_code": "text",
        "price_minor": "bigint",
        "tax_minor": "bigint",
        "shipping_minor": "bigint",
        "total_minor": "bigint",
        "digital": "boolean",
        "confirmation_tag": "text",
    },
    values=_terms_values,
)
_PROMPT = Section(
    columns={
        "prompt_post_id": "text",
        "confirm_by": "timestamptz",
        "early_kind": "text",
        "early_at": "timestamptz",
        "early_post_id": "text",
        "early_version_id": "text",
        "early_target_post_id": "text",
    },
    values=_prompt_values,
)
_CONFIRMATION = Section(
    columns={
        "confirmation_kind": "text",
        "confirmed_at": "timestamptz",
        "confirmation_post_id": "text",
        "confirmation_version_id": "text",
    },
    values=_confirmation_values,
)
_CHARGE = Section(
    columns={"charge_attempt": "integer", "charge_id": "uuid", "card_last4": "text", "remorse_ends_at": "timestamptz"},
    values=_charge_values,
)
_SHIPMENT = Section(
    columns={
        "accepted_at": "timestamptz",
        "deliver_by": "timestamptz",
        "carrier": "text",
        "tracking_number": "text",
        "shipped_at": "timestamptz",
    },
    values=_shipment_values,
)
_REFUND = Section(
    columns={"refunded_minor": "bigint", "refund_request_id": "uuid", "refund_asked_minor": "bigint"},
    values=_refund_values,
)


def differing(pairs: Iterable[tuple[Order, Order]]) -> tuple[Section, ...]:
    """Give the sections in which any of these orders (before, after) changed; STATE always did."""
    changed = [STATE]
    known = list(pairs)
    for section, parts in _PARTS:
        if any(parts(before) != parts(after) for before, after in known):
            changed.append(section)
    return tuple(changed)


_PARTS: tuple[tuple[Section, Callable[[Order], Any]], ...] = (
    (END, end_of),
    (_TERMS, lambda order: (order.confirmation_tag, order.terms)),
    (_PROMPT, lambda order: (order.prompt_post_id, order.confirm_by, order.early)),
    (_CONFIRMATION, lambda order: order.confirmation),
    (_CHARGE, lambda order: (order.charge, order.remorse_ends_at)),
    (_SHIPMENT, lambda order: order.shipment),
    (_REFUND, lambda order: order.refund),
)
"""Each section with the part of an order it keeps, which is compared instead of its columns."""
