"""The load of the relay's measurement."""

from dataclasses import dataclass

SERVICE = "orders"
STREAM = "ORDERS"
"""Whose outbox, and the stream its events go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLoad:
    """How long, how many writers, how many events a transaction, and how far writers may be ahead of the relay."""

    seconds: float = 20
    warm_seconds: float = 3
    writers: int = 4
    batch: int = 100
    ahead_max: int = 5_000
