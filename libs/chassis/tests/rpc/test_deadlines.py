"""A caller's time is everybody's time: it shrinks at each hop, and there is always some."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import grpc
import pytest
from grpc import aio

from chassis.deadlines import LEAST_SECONDS, MARGIN_SECONDS, call_timeout_seconds, ending_in, remaining_seconds

Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]


async def tell_what_is_left(_text: str) -> str:
    return str(remaining_seconds())


async def test_a_deadline_shrinks_by_a_margin_at_each_of_two_hops(serve: Serve, call: Call) -> None:
    async with serve(tell_what_is_left) as last:

        async def pass_on(text: str) -> str:
            return f"{remaining_seconds()} {await call(last, text)}"

        async with serve(pass_on) as middle:

            async def begin(text: str) -> str:
                return await call(middle, text)

            async with serve(begin) as first:
                left = [float(each) for each in (await call(first, timeout=1.5)).split()]

    rounding_of_the_wire = MARGIN_SECONDS / 2
    assert 0 < left[0] < 1.5 - rounding_of_the_wire
    assert 0 < left[1] < left[0] - rounding_of_the_wire


async def test_a_longer_limit_of_the_callers_own_is_cut_to_what_is_left(serve: Serve, call: Call) -> None:
    async with serve(tell_what_is_left) as behind:

        async def ask(text: str) -> str:
            return await call(behind, text, timeout=60)

        async with serve(ask) as channel:
            left = float(await call(channel, timeout=5))

    assert left < 5


async def test_a_caller_without_a_deadline_of_its_own_gets_the_channels(serve: Serve, call: Call) -> None:
    async with serve(tell_what_is_left) as channel:
        left = float(await call(channel))

    assert 0 < left < 3.1


async def test_a_foreign_caller_without_any_deadline_gets_the_servers(serve_foreign: Serve, call: Call) -> None:
    async with serve_foreign(tell_what_is_left) as channel:
        left = float(await call(channel))

    assert 3.1 < left <= 10.0


async def test_a_call_without_any_deadline_ends_at_the_servers(serve_foreign: Serve, call: Call) -> None:
    async with serve_foreign(hang, deadline_seconds=0.1) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_caller_that_gives_up_takes_its_call_back(serve: Serve, call: Call) -> None:
    arrived, stopped = asyncio.Event(), asyncio.Event()

    async def wait(text: str) -> str:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return text

    async with serve(wait) as channel:
        asking = asyncio.ensure_future(call(channel, timeout=60))
        await asyncio.wait_for(arrived.wait(), timeout=5)
        asking.cancel()
        await asyncio.wait_for(stopped.wait(), timeout=5)

    assert asking.cancelled()


def test_outside_any_call_only_the_own_limit_counts() -> None:
    assert remaining_seconds() is None
    assert call_timeout_seconds(2.5) == 2.5


def test_when_the_time_is_up_a_call_still_fails_as_any_late_one() -> None:
    with ending_in(-1.0):
        assert call_timeout_seconds(2.5) == LEAST_SECONDS


async def hang(_text: str) -> str:
    await asyncio.Event().wait()
    return ""
