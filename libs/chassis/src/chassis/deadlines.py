"""Deadlines: what is left of the call being answered bounds every call it makes."""

import time
from contextvars import ContextVar

from chassis.bound import Bound

MARGIN_SECONDS = 0.02
"""Kept back at every hop, so that the answer to the outer call can still be written."""

LEAST_SECONDS = 0.001
"""A call whose time is up is still made with this, and so fails as DEADLINE_EXCEEDED like any other late call."""

_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining_seconds() -> float | None:
    """Give the time left to answer the current call; None where no call is being answered (workers)."""
    ends_at = _ends_at.get()
    return None if ends_at is None else ends_at - time.monotonic()


def call_timeout_seconds(own_seconds: float) -> float:
    """Bound an onward call by its own limit and by what is left of the incoming one, less a margin."""
    left = remaining_seconds()
    return own_seconds if left is None else max(LEAST_SECONDS, min(own_seconds, left - MARGIN_SECONDS))


def ending_in(seconds: float | None) -> Bound[float | None]:
    """Give everything inside that much time; None leaves it unbounded (a watching stream)."""
    return Bound(_ends_at, None if seconds is None else time.monotonic() + seconds)
