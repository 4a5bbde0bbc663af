"""Order rows: an order as the columns of its table, and back; what changes together is saved together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from kernel.money import Money
from orders.domain.order import Charge, Confirmation, ConfirmationKind, Order, Refund, Shipment, Terms
from orders.domain.states import CancelReason, State

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
        order.ends_as,
        order.reason,
        order.cancel_reason,
        order.disowned,
        order.deadline_at,
        order.next_step_at,
        order.attempts,
    )


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


def order_of(row: Mapping[str, Any]) -> Order:
    """Read an order from its row."""
    return Order(
        **{column: row[column] for column in FIXED},
        state=State(row["state"]),
        version=row["version"],
        updated_at=row["updated_at"],
        ends_as=State(row["ends_as"]) if row["ends_as"] else None,
        reason=row["reason"],
        cancel_reason=CancelReason(row["cancel_reason"]) if row["cancel_reason"] else None,
        disowned=row["disowned"],
        deadline_at=row["deadline_at"],
        next_step_at=row["next_step_at"],
        attempts=row["attempts"],
        terms=_terms(row) if row["offer_id"] is not None else None,
        confirmation_tag=row["confirmation_tag"],
        prompt_post_id=row["prompt_post_id"],
        confirm_by=row["confirm_by"],
        early=_early(row) if row["early_at"] is not None else None,
        confirmation=_confirmation(row) if row["confirmed_at"] is not None else None,
        charge=Charge(attempt=row["charge_attempt"], charge_id=row["charge_id"], card_last4=row["card_last4"]),
        remorse_ends_at=row["remorse_ends_at"],
        shipment=_shipment(row) if row["accepted_at"] is not None else None,
        refund=Refund(
            refunded_minor=row["refunded_minor"],
            request_id=row["refund_request_id"],
            asked_minor=row["refund_asked_minor"],
        ),
    )


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


def _terms(row: Mapping[str, Any]) -> Terms:
    currency = row["currency_code"]
    return Terms(
        offer_id=row["offer_id"],
        merchant_id=row["merchant_id"],
        merchant_name=row["merchant_name"],
        title=row["title"],
        price=Money(amount_minor=row["price_minor"], currency_code=currency),
        tax=Money(amount_minor=row["tax_minor"], currency_code=currency),
        shipping=Money(amount_minor=row["shipping_minor"], currency_code=currency),
        total=Money(amount_minor=row["total_minor"], currency_code=currency),
        digital=row["digital"],
    )


def _early(row: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        kind=ConfirmationKind(row["early_kind"]),
        at=row["early_at"],
        post_id=row["early_post_id"],
        version_id=row["early_version_id"],
        target_post_id=row["early_target_post_id"],
    )


def _confirmation_values(order: Order) -> Values:
    confirmation = order.confirmation
    if confirmation is None:
        return (None,) * 4
    return confirmation.kind, confirmation.at, confirmation.post_id, confirmation.version_id


def _confirmation(row: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        kind=ConfirmationKind(row["confirmation_kind"]),
        at=row["confirmed_at"],
        post_id=row["confirmation_post_id"],
        version_id=row["confirmation_version_id"],
    )


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


def _shipment(row: Mapping[str, Any]) -> Shipment:
    return Shipment(
        accepted_at=row["accepted_at"],
        deliver_by=row["deliver_by"],
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        shipped_at=row["shipped_at"],
    )


_NO_EARLY = (None,) * 5

STATE = Section(
    columns={
        "state": "text",
        "version": "bigint",
        "updated_at": "timestamptz",
        "ends_as": "text",
        "reason": "text",
        "cancel_reason": "text",
        "disowned": "boolean",
        "deadline_at": "timestamptz",
        "next_step_at": "timestamptz",
        "attempts": "integer",
    },
    values=state_of,
)
"""Columns that every save writes."""

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
    (_TERMS, lambda order: (order.confirmation_tag, order.terms)),
    (_PROMPT, lambda order: (order.prompt_post_id, order.confirm_by, order.early)),
    (_CONFIRMATION, lambda order: order.confirmation),
    (_CHARGE, lambda order: (order.charge, order.remorse_ends_at)),
    (_SHIPMENT, lambda order: order.shipment),
    (_REFUND, lambda order: order.refund),
)
"""Each section with the part of an order it keeps, which is compared instead of its columns."""
