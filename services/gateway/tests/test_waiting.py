"""How long X asks a reader to wait."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.frames import NOW

from gateway.domain.backoff import (
    HTTP_WAIT_SECONDS_MAX,
    NETWORK_WAIT_SECONDS_MAX,
    RATE_LIMITED_WAIT_SECONDS_MAX,
    Backoff,
    Failure,
    FailureKind,
    after,
    wait_seconds,
)


def waits(kind: FailureKind, count: int, *, scale: float = 1.0) -> list[float]:
    backoff, found = Backoff(), []
    for _ in range(count):
        backoff = after(backoff, Failure(kind=kind))
        found.append(wait_seconds(backoff, Failure(kind=kind), at=NOW, scale=scale))
    return found


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (FailureKind.NETWORK, [0.0, 0.25, 0.5, 0.75]),
        (FailureKind.HTTP, [5.0, 10.0, 20.0, 40.0]),
        (FailureKind.RATE_LIMITED, [60.0, 120.0, 240.0, 480.0]),
    ],
)
def test_the_table_is_the_vendors(kind: FailureKind, first: list[float]) -> None:
    assert waits(kind, 4) == first


def test_every_wait_has_its_maximum() -> None:
    assert waits(FailureKind.NETWORK, 100)[-1] == NETWORK_WAIT_SECONDS_MAX
    assert waits(FailureKind.HTTP, 100)[-1] == HTTP_WAIT_SECONDS_MAX
    assert waits(FailureKind.RATE_LIMITED, 100)[-1] == RATE_LIMITED_WAIT_SECONDS_MAX


def test_another_kind_of_failure_starts_its_own_count() -> None:
    backoff = after(after(Backoff(), Failure(kind=FailureKind.HTTP)), Failure(kind=FailureKind.NETWORK))

    assert backoff == Backoff(kind=FailureKind.NETWORK, failures=1)


def test_the_reset_time_is_honoured_when_it_is_later_than_the_table() -> None:
    backoff = Backoff(kind=FailureKind.RATE_LIMITED, failures=1)
    late = Failure(kind=FailureKind.RATE_LIMITED, retry_at=NOW + timedelta(seconds=200))
    past = Failure(kind=FailureKind.RATE_LIMITED, retry_at=NOW - timedelta(seconds=5))
    absurd = Failure(kind=FailureKind.RATE_LIMITED, retry_at=NOW + timedelta(days=5))

    assert wait_seconds(backoff, late, at=NOW, scale=0.01) == 200.0
    assert wait_seconds(backoff, past, at=NOW, scale=0.01) == 0.6
    assert wait_seconds(backoff, absurd, at=NOW, scale=0.01) == RATE_LIMITED_WAIT_SECONDS_MAX


@given(kind=st.sampled_from(FailureKind), count=st.integers(2, 40), scale=st.floats(0.001, 1))
def test_waits_only_grow(kind: FailureKind, count: int, scale: float) -> None:
    found = waits(kind, count, scale=scale)

    assert found == sorted(found)
