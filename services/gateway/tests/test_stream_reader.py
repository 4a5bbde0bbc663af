"""When a reader has our rules and subscriptions compared: not at every attempt while nobody answers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from services.gateway.tests.frames import NOW

from gateway.domain.arrivals import Stream
from gateway.domain.backoff import Failure, FailureKind
from gateway.inbound.lane import Lane
from gateway.inbound.stream_reader import Pace, StreamReader
from gateway.usecases.network import Line, NetworkFailedError

AWAY = Failure(kind=FailureKind.NETWORK, detail="nobody answers")
REFUSED = Failure(kind=FailureKind.HTTP, detail="409")
BUSY = Failure(kind=FailureKind.RATE_LIMITED, detail="429")
ENDED = Failure(kind=FailureKind.NETWORK, detail="cut")


class Source:
    """A stream that refuses with one failure after another, or opens for `None` and is cut at once."""

    stream = Stream.FILTERED

    def __init__(self, *attempts: Failure | None) -> None:
        self._attempts = iter(attempts)

    @asynccontextmanager
    async def connect(
        self,
        *,
        backfill_minutes: int,  # noqa: ARG002 - as the port has it
    ) -> AsyncIterator[AsyncIterator[Sequence[Line]]]:
        if (failure := next(self._attempts)) is not None:
            raise NetworkFailedError(failure)
        yield cut_at_once()

    async def free_connections(self) -> None:
        raise AssertionError


async def cut_at_once() -> AsyncIterator[Sequence[Line]]:
    yield []
    raise NetworkFailedError(ENDED)


@pytest.mark.parametrize(
    ("attempts", "compared"),
    [
        ((None,), 1),
        ((None, AWAY, AWAY, AWAY), 1),
        ((None, AWAY, AWAY, None), 3),  # as X answers again it may have forgotten us, and then this one is cut too
        ((None, BUSY, BUSY), 1),
        ((REFUSED, REFUSED), 2),
    ],
)
async def test_what_x_has_of_ours_is_compared_when_it_may_have_changed(
    attempts: Sequence[Failure | None], compared: int
) -> None:
    calls: list[None] = []
    reader = StreamReader(
        Source(*attempts),
        lane=Lane(),
        clock=lambda: NOW,
        pace=Pace(scale=0.0, healthy=timedelta(seconds=20)),
        backfill=lambda _stream: 0,
        lost=lambda: calls.append(None),
    )

    for _ in attempts:
        await reader.run_once()

    assert len(calls) == compared
