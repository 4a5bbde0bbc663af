"""An operation: one thing asked of the processor under one idempotency key, until its outcome is known."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from kernel.ids import ChargeId
from kernel.money import Money

LEASE = timedelta(seconds=4)
"""How long whoever sends an operation has for it, a call to the processor being given up after 1.5 s.

A buyer waits so long for a charge whose sender died. One that is still queued then is asked for by key and sent twice
under it at most, which the processor takes for one.
"""

ASKED_AGAIN_FIRST = timedelta(milliseconds=500)
ASKED_AGAIN_LAST = timedelta(minutes=2)
"""An unknown outcome is asked for after these, doubling."""

KEY_RETRIED_FOR = timedelta(hours=20)
"""Processors keep idempotency keys for 24 hours; after this nothing is sent or asked under one by itself."""

MAX_AGE = timedelta(minutes=10)
"""How long a healthy operation has no outcome: a processor's usual outage; the watchdog alarms at twice the age."""

_DOUBLINGS_MAX = 8
"""500 ms doubled eight times is above the last pause."""


class OperationKind(StrEnum):
    """What is asked of the processor."""

    AUTH = "AUTH"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    REFUND = "REFUND"


class OperationState(StrEnum):
    """How far an operation is; only OK and FAILED are known outcomes."""

    NEW = "NEW"
    """Decided, never sent."""
    SENT = "SENT"
    """Somebody sends it now, or died doing so."""
    UNKNOWN = "UNKNOWN"
    """It was sent and its answer did not come: asked for by key, never sent blindly under another."""
    OK = "OK"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation; `key` is its idempotency key, `due_at` when the settler takes it up (None: never by itself)."""

    key: str
    charge_id: ChargeId
    kind: OperationKind
    amount: Money
    state: OperationState
    contents_hash: bytes
    begun_at: datetime
    due_at: datetime | None
    asked_times: int = 0
    reference: str = ""
    code: str = ""
    cause: str = ""

    def sent(self, *, at: datetime) -> "Operation":
        """Lease it to whoever sends or asks now."""
        state = OperationState.SENT if self.state is OperationState.NEW else self.state
        return replace(self, state=state, due_at=at + LEASE)

    def unknown(self, *, at: datetime, why: str) -> "Operation":
        """Keep that no answer came: ask by key after a pause that grows, until the key is too old."""
        due_at = None if self.is_stale(at=at) else at + _pause(self.asked_times)
        return replace(self, state=OperationState.UNKNOWN, due_at=due_at, asked_times=self.asked_times + 1, code=why)

    def done(self, reference: str) -> "Operation":
        """Keep that the processor did it."""
        return replace(self, state=OperationState.OK, due_at=None, reference=reference, code="")

    def failed(self, code: str) -> "Operation":
        """Keep that the processor said no."""
        return replace(self, state=OperationState.FAILED, due_at=None, code=code)

    @property
    def is_given_up(self) -> bool:
        """Tell whether nobody asks for its outcome any more: a person must."""
        return self.state is OperationState.UNKNOWN and self.due_at is None

    def is_stale(self, *, at: datetime) -> bool:
        """Tell whether its key is too old to be trusted; a person must settle it."""
        return at - self.begun_at >= KEY_RETRIED_FOR


def hash_of(*parts: str) -> bytes:
    """Hash what an operation asks for, so that a repeat with other contents is seen."""
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def _pause(asked_times: int) -> timedelta:
    doublings: int = min(asked_times, _DOUBLINGS_MAX)
    return min(ASKED_AGAIN_LAST, ASKED_AGAIN_FIRST * (1 << doublings))
