"""A service of one unary method (`/probe.v1.Probe/Get` or another name) over text, and how to call it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc import aio

from chassis.grpc_server import GrpcServer
from chassis.testing import served

Answer = Callable[[str], Awaitable[str]]
Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]


@pytest.fixture
def serve() -> Serve:
    """Serve `answer(text) -> text` under a method name."""

    def serving(answer: Answer, *, method: str = "Get", **options: Any) -> AbstractAsyncContextManager[aio.Channel]:
        return served((_registering(method, _handler(answer)), None), **options)

    return serving


@pytest.fixture
def serve_foreign() -> Serve:
    """Serve the same to a client that is not ours: no deadline, no trace, no request id."""

    @asynccontextmanager
    async def serving(answer: Answer, **options: Any) -> AsyncIterator[aio.Channel]:
        server = GrpcServer("127.0.0.1:0", [(_registering("Get", _handler(answer)), None)], **options)
        await server.start()
        async with aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield channel
        await server.stop(grace_seconds=0)

    return serving


@pytest.fixture
def serve_stream() -> Serve:
    """Serve `answers(text) -> texts` as `/probe.v1.Probe/Watch`."""

    def serving(answers: Callable[[str], AsyncIterator[str]]) -> AbstractAsyncContextManager[aio.Channel]:
        async def behaviour(request: StringValue, _context: Any) -> AsyncIterator[StringValue]:
            async for each in answers(request.value):
                yield StringValue(value=each)

        handler = grpc.unary_stream_rpc_method_handler(behaviour, StringValue.FromString, StringValue.SerializeToString)
        return served((_registering("Watch", handler), None))

    return serving


@pytest.fixture
def call() -> Call:
    """Call the method with a text; options are grpc's (timeout, metadata)."""

    async def calling(channel: aio.Channel, text: str = "", *, method: str = "Get", **options: Any) -> str:
        unary: Any = channel.unary_unary(
            f"/probe.v1.Probe/{method}", StringValue.SerializeToString, StringValue.FromString
        )
        answer: StringValue = await unary(StringValue(value=text), **options)
        return answer.value

    return calling


def _handler(answer: Answer) -> Any:
    async def behaviour(request: StringValue, _context: Any) -> StringValue:
        return StringValue(value=await answer(request.value))

    return grpc.unary_unary_rpc_method_handler(behaviour, StringValue.FromString, StringValue.SerializeToString)


def _registering(method: str, handler: Any) -> Callable[[Any, aio.Server], None]:
    def register(_servicer: Any, server: aio.Server) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("probe.v1.Probe", {method: handler}),))

    return register
