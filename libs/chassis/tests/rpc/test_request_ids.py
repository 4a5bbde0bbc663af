"""A request id is the thread a person follows through the logs: taken, echoed, passed on and printed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc import aio

from chassis.request_ids import REQUEST_ID_HEADER, current_request_id
from kernel.refusals import RefusedError, invalid

Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]


async def tell_request_id(_text: str) -> str:
    return str(current_request_id())


async def test_a_given_request_id_is_used_and_goes_on_to_the_next_service(serve: Serve, call: Call) -> None:
    async with serve(tell_request_id) as last:

        async def pass_on(text: str) -> str:
            return await call(last, text)

        async with serve(pass_on) as first:
            told = await call(first, metadata=((REQUEST_ID_HEADER, "checkout-17"),))

    assert told == "checkout-17"


async def test_a_request_id_is_echoed_in_the_trailers_of_an_answer(serve: Serve) -> None:
    async with serve(tell_request_id) as channel:
        unary: Any = channel.unary_unary("/probe.v1.Probe/Get", StringValue.SerializeToString, StringValue.FromString)
        asked = unary(StringValue(), metadata=((REQUEST_ID_HEADER, "checkout-17"),))
        await asked
        trailers = dict(await asked.trailing_metadata())

    assert trailers[REQUEST_ID_HEADER] == "checkout-17"


async def test_a_request_id_is_echoed_with_a_refusal_too(serve: Serve, call: Call) -> None:
    async def refuse(_text: str) -> str:
        raise RefusedError(invalid(field_path="a", message="no"))

    async with serve(refuse) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, metadata=((REQUEST_ID_HEADER, "checkout-17"),))

    trailers: Any = caught.value.trailing_metadata()
    assert dict(trailers)[REQUEST_ID_HEADER] == "checkout-17"


@pytest.mark.parametrize("offered", ["x" * 65, "two words", "semi;colon"])
async def test_an_id_that_could_break_a_log_is_replaced(serve: Serve, call: Call, offered: str) -> None:
    async with serve(tell_request_id) as channel:
        told = await call(channel, metadata=((REQUEST_ID_HEADER, offered),))

    assert told != offered
    assert len(told) == 32
