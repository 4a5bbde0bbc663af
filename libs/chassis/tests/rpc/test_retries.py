"""Retries help where they can, and never make an outage worse."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import grpc
import pytest
from grpc import aio

from chassis.grpc_client import _UnaryCalls
from chassis.retries import ATTEMPTS_MAX, PAUSE_MOST_SECONDS, RetryBudget, is_repeatable, pause_seconds
from hashtill.common.v1.request_context_pb2 import RequestContext
from hashtill.offers.v1.offers_service_pb2 import CreateOfferRequest
from kernel.refusals import Refusal, RefusalKind, RefusedError

Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]

BUSY = Refusal(kind=RefusalKind.BUSY, reason="TOO_BUSY", message="Try again soon.")
SOLD_OUT = Refusal(kind=RefusalKind.EXHAUSTED, reason="SOLD_OUT", message="All gone.")


class Flaky:
    """Refuses so many times, then answers."""

    def __init__(self, *, refusals: int, refusal: Refusal = BUSY) -> None:
        self.calls = 0
        self._refusals, self._refusal = refusals, refusal

    async def answer(self, text: str) -> str:
        self.calls += 1
        if self.calls <= self._refusals:
            raise RefusedError(self._refusal)
        return text


async def test_a_read_that_meets_a_busy_peer_is_tried_again(serve: Serve, call: Call) -> None:
    flaky = Flaky(refusals=2)

    async with serve(flaky.answer) as channel:
        answer = await call(channel, "kindle")

    assert answer == "kindle"
    assert flaky.calls == 3


async def test_tries_are_bounded(serve: Serve, call: Call) -> None:
    flaky = Flaky(refusals=100)

    async with serve(flaky.answer) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert flaky.calls == ATTEMPTS_MAX


async def test_no_try_is_begun_whose_pause_would_end_after_the_call() -> None:
    calls, clock = _UnaryCalls(timeout_seconds=3.0, budget=RetryBudget()), asyncio.get_running_loop()
    busy = (grpc.StatusCode.UNAVAILABLE, "/probe.v1.Probe/Get", None)

    late = await calls._again(*busy, attempt=1, ends_at=clock.time())
    early = await calls._again(*busy, attempt=1, ends_at=clock.time() + 60)

    assert (late, early) == (False, True)


async def test_a_command_without_a_request_id_is_never_sent_twice(serve: Serve, call: Call) -> None:
    flaky = Flaky(refusals=1)

    async with serve(flaky.answer, method="Ship") as channel:
        with pytest.raises(aio.AioRpcError):
            await call(channel, method="Ship")

    assert flaky.calls == 1


async def test_a_no_that_will_stay_a_no_is_not_asked_again(serve: Serve, call: Call) -> None:
    flaky = Flaky(refusals=1, refusal=SOLD_OUT)

    async with serve(flaky.answer) as channel:
        with pytest.raises(aio.AioRpcError):
            await call(channel)

    assert flaky.calls == 1


async def test_an_outage_gets_a_tenth_more_calls_and_not_four_times_as_many(serve: Serve, call: Call) -> None:
    flaky = Flaky(refusals=10_000)

    async with serve(flaky.answer) as channel:
        for _ in range(60):
            with pytest.raises(aio.AioRpcError):
                await call(channel)

    saved_up, share_of_sixty = 10, 6
    assert flaky.calls <= 60 + saved_up + share_of_sixty


def test_a_budget_is_earned_by_calls_and_spent_by_retries() -> None:
    budget = RetryBudget(share=0.5, saved_max=1)

    spent = [budget.take(), budget.take()]
    budget.called()
    early = budget.take()
    budget.called()

    assert spent == [True, False]
    assert not early
    assert budget.take()


def test_a_command_with_a_request_id_may_be_repeated() -> None:
    with_id = CreateOfferRequest(context=RequestContext(request_id="6f2a1c1e-3f0b-5c54-9d0a-0d4f8a4be001"))

    assert is_repeatable("/hashtill.offers.v1.OffersService/CreateOffer", with_id)
    assert not is_repeatable("/hashtill.offers.v1.OffersService/CreateOffer", CreateOfferRequest())


def test_pauses_are_jittered_under_a_bound() -> None:
    drawn = [pause_seconds(10) for _ in range(200)]

    assert all(0 <= pause <= PAUSE_MOST_SECONDS for pause in drawn)
    assert max(drawn) - min(drawn) > PAUSE_MOST_SECONDS / 4
