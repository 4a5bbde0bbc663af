"""A charge: one attempt to charge a card for an order, from authorization to capture or void, then refunds."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

from kernel.ids import CardToken, ChargeId, MerchantId, OrderId
from kernel.money import Money

ChargeKey: TypeAlias = tuple[OrderId, int]
"""Order and attempt: what a caller knows a charge by, even when it never got an answer."""

IDS_KEPT = 4_096
"""Ids worth remembering: a batch asks for each of its own a few times, and hashing is a tenth of a charge's cost."""

_CHARGES = uuid.UUID("6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be005")


class ChargeState(StrEnum):
    """Where a charge stands; the four that end in -ING wait for the processor and are PENDING to callers."""

    AUTHORIZING = "AUTHORIZING"
    AUTHORIZED = "AUTHORIZED"
    DECLINED = "DECLINED"
    CAPTURING = "CAPTURING"
    CAPTURED = "CAPTURED"
    VOIDING = "VOIDING"
    """The caller wants the authorization given back."""
    VOIDED = "VOIDED"
    LAPSING = "LAPSING"
    """It ran out, or its capture was declined: what may still be held is being given back."""
    LAPSED = "LAPSED"
    REFUNDED = "REFUNDED"


FAILED = frozenset({ChargeState.DECLINED, ChargeState.LAPSED})
"""Holds nothing and took nothing: only after one of these may the next attempt follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One charge as it stands; `authorization` and `capture` are the processor's ids."""

    charge_id: ChargeId
    order_id: OrderId
    attempt: int
    state: ChargeState
    amount: Money
    card_token: CardToken
    card_last4: str
    merchant_id: MerchantId
    statement_descriptor: str
    updated_at: datetime
    captured_minor: int = 0
    refunded_minor: int = 0
    refunding_minor: int = 0
    void_wanted: bool = False
    decline_code: str = ""
    authorization: str = ""
    network_reference: str = ""
    capture: str = ""
    expires_at: datetime | None = None
    version: int = 1

    def changed(self, *, at: datetime, **changes: Any) -> "Charge":
        """Give the next version."""
        return replace(self, updated_at=at, version=self.version + 1, **changes)

    def money(self, amount_minor: int) -> Money:
        """Give an amount in the charge's currency."""
        return Money(amount_minor=amount_minor, currency_code=self.amount.currency_code)


@lru_cache(maxsize=IDS_KEPT)
def charge_id_of(key: ChargeKey) -> ChargeId:
    """Derive a charge's id from its order and attempt, so that a repeat finds itself."""
    order_id, attempt = key
    return ChargeId(uuid.uuid5(_CHARGES, f"{order_id}:{attempt}"))
