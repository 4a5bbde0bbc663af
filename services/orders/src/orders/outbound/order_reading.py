"""Order reading: an order from its row; what many orders have in common is made once."""

from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from kernel.money import Money
from orders.domain.order import Charge, Confirmation, ConfirmationKind, Order, Refund, Shipment, Terms
from orders.domain.states import CancelReason, State
from orders.outbound.order_rows import FIXED

TERMS_KEPT = 4_096
"""Different terms kept ready: every offer on sale, by place of tax."""

_UNCHARGED, _UNREFUNDED = Charge(), Refund()


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
        terms=_terms(*_values_of_terms(row)) if row["offer_id"] is not None else None,
        confirmation_tag=row["confirmation_tag"],
        prompt_post_id=row["prompt_post_id"],
        confirm_by=row["confirm_by"],
        early=_early(row) if row["early_at"] is not None else None,
        confirmation=_confirmation(row) if row["confirmed_at"] is not None else None,
        charge=_charge(row),
        remorse_ends_at=row["remorse_ends_at"],
        shipment=_shipment(row) if row["accepted_at"] is not None else None,
        refund=_refund(row),
    )


_TERMS_READ = (
    "offer_id",
    "merchant_id",
    "merchant_name",
    "title",
    "currency_code",
    "price_minor",
    "tax_minor",
    "shipping_minor",
    "total_minor",
    "digital",
)
_values_of_terms = itemgetter(*_TERMS_READ)


@lru_cache(maxsize=TERMS_KEPT)
def _terms(*values: Any) -> Terms:
    """Make terms once: a batch of orders has few different ones, and making them is a third of reading an order."""
    row = dict(zip(_TERMS_READ, values, strict=True))
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


def _charge(row: Mapping[str, Any]) -> Charge:
    found = (row["charge_attempt"], row["charge_id"], row["card_last4"])
    return _UNCHARGED if found == (1, None, "") else Charge(attempt=found[0], charge_id=found[1], card_last4=found[2])


def _refund(row: Mapping[str, Any]) -> Refund:
    found = (row["refunded_minor"], row["refund_request_id"], row["refund_asked_minor"])
    return (
        _UNREFUNDED
        if found == (0, None, 0)
        else Refund(refunded_minor=found[0], request_id=found[1], asked_minor=found[2])
    )


def _early(row: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        kind=ConfirmationKind(row["early_kind"]),
        at=row["early_at"],
        post_id=row["early_post_id"],
        version_id=row["early_version_id"],
        target_post_id=row["early_target_post_id"],
    )


def _confirmation(row: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        kind=ConfirmationKind(row["confirmation_kind"]),
        at=row["confirmed_at"],
        post_id=row["confirmation_post_id"],
        version_id=row["confirmation_version_id"],
    )


def _shipment(row: Mapping[str, Any]) -> Shipment:
    return Shipment(
        accepted_at=row["accepted_at"],
        deliver_by=row["deliver_by"],
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        shipped_at=row["shipped_at"],
    )
