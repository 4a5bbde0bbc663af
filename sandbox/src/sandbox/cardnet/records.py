"""The records a caller meets: authorization, capture and refund; their fields are the API's JSON."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AuthorizationState(StrEnum):
    """Where an authorization stands; all but AUTHORIZED are final."""

    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


class CaptureState(StrEnum):
    """A declined capture leaves the hold as it was."""

    CAPTURED = "captured"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """A hold on a card, or the issuer's "no" to one."""

    id: str
    state: AuthorizationState
    decline_code: str | None
    network_reference: str
    amount_minor: int
    captured_minor: int
    currency: str
    reference: str
    merchant: str
    account_reference: str
    last4: str
    created_at: datetime
    expires_at: datetime
    capture: str | None = None
    object: str = "authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Money taken under an authorization; refunds add up in `refunded_minor`."""

    id: str
    state: CaptureState
    decline_code: str | None
    authorization: str
    amount_minor: int
    refunded_minor: int
    currency: str
    reference: str
    created_at: datetime
    object: str = "capture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back from a capture."""

    id: str
    capture: str
    authorization: str
    amount_minor: int
    currency: str
    reference: str
    created_at: datetime
    state: str = "refunded"
    object: str = "refund"
