"""Back-off: how long X asks a reader to wait before the next connection (its streaming guide's table)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

NETWORK_STEP_SECONDS = 0.25
NETWORK_WAIT_SECONDS_MAX = 16.0
HTTP_FIRST_WAIT_SECONDS = 5.0
HTTP_WAIT_SECONDS_MAX = 320.0
RATE_LIMITED_FIRST_WAIT_SECONDS = 60.0
RATE_LIMITED_WAIT_SECONDS_MAX = 960.0
"""X counts in windows of 15 minutes; one window and a little is the longest sensible wait."""

_DOUBLINGS_MAX = 10
"""2**10 is beyond every maximum above."""


class FailureKind(StrEnum):
    """What ended or refused a connection."""

    NETWORK = "network"
    HTTP = "http"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failed or ended connection.

    `retry_at` is X's `x-rate-limit-reset`, if it sent one; `connections_full` says that X still counts an earlier
    connection of ours, which can be ended there.
    """

    kind: FailureKind
    detail: str = ""
    retry_at: datetime | None = None
    connections_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How many failures of one kind came in a row."""

    kind: FailureKind | None = None
    failures: int = 0


def after(backoff: Backoff, failure: Failure) -> Backoff:
    """Count one more failure; another kind starts its own count."""
    failures = backoff.failures + 1 if backoff.kind is failure.kind else 1
    return Backoff(kind=failure.kind, failures=failures)


def wait_seconds(backoff: Backoff, failure: Failure, *, at: datetime, scale: float) -> float:
    """Say how long to wait before trying again: the table times `scale`; X's own reset time is taken as it is."""
    table = scale * _table_seconds(backoff.failures, failure.kind)
    if failure.kind is not FailureKind.RATE_LIMITED or failure.retry_at is None:
        return table
    asked = (failure.retry_at - at).total_seconds()
    return min(max(table, asked), RATE_LIMITED_WAIT_SECONDS_MAX)


def _table_seconds(failures: int, kind: FailureKind) -> float:
    doublings = min(failures - 1, _DOUBLINGS_MAX)
    match kind:
        case FailureKind.NETWORK:  # the first retry at once
            return min(NETWORK_STEP_SECONDS * (failures - 1), NETWORK_WAIT_SECONDS_MAX)
        case FailureKind.HTTP:
            return min(HTTP_FIRST_WAIT_SECONDS * 2.0**doublings, HTTP_WAIT_SECONDS_MAX)
        case FailureKind.RATE_LIMITED:
            return min(RATE_LIMITED_FIRST_WAIT_SECONDS * 2.0**doublings, RATE_LIMITED_WAIT_SECONDS_MAX)
        case _:
            assert_never(kind)
