"""Lanes: batches sent beside each other, and what becomes of them when a peer is away."""

import grpc
import pytest
from grpc import aio
from grpc.aio import Metadata

from chassis.patience import StoppedError
from notifier.inbound.sending import Lanes

AWAY = aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), "away", None)
BUG = ZeroDivisionError("a bug")


def lanes(*outcomes: int | Exception) -> Lanes:
    left = list(outcomes)

    async def send() -> int:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Lanes(send, full=2, count=2)


async def test_a_full_batch_is_followed_at_once_and_a_smaller_one_is_not() -> None:
    first, second = lanes(2, 1).workers

    assert (await first.run_once(), await second.run_once()) == (True, False)


async def test_a_peer_that_is_away_is_waited_for() -> None:
    first, _ = lanes(AWAY, 2).workers

    assert (await first.run_once(), await first.run_once()) == (False, True)


async def test_a_bug_is_for_whoever_supervises() -> None:
    first, _ = lanes(BUG).workers

    with pytest.raises(ZeroDivisionError):
        await first.run_once()


async def test_what_could_not_be_written_down_before_the_stop_is_no_crash() -> None:
    first, _ = lanes(StoppedError("outcomes")).workers

    assert not await first.run_once()
