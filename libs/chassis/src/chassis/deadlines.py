"""Deadlines: what is left of the call being answered bounds every call it makes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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


@contextmanager
def ending_in(seconds: float | None) -> Iterator[None]:
    """Give everything inside that much time; None leaves it unbounded (a watching stream)."""
    token = _ends_at.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)
