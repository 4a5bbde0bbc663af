"""What a server refuses at once instead of late, and how it stops."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import grpc
import pytest
import structlog
from google.protobuf.wrappers_pb2 import StringValue
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from chassis.grpc_server import MESSAGE_BYTES_MAX, GrpcServer
from chassis.health import LIVENESS, READINESS, Health, is_serving
from chassis.refusal_status import refusal_of
from chassis.testing import served
from kernel.refusals import RefusalKind

Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]


async def echo(text: str) -> str:
    return text


async def test_one_call_too_many_is_refused_while_the_others_go_on(serve: Serve, call: Call) -> None:
    release, arrived = asyncio.Event(), asyncio.Event()

    async def wait(text: str) -> str:
        arrived.set()
        await release.wait()
        return text

    async with serve(wait, method="Do", calls_max=1) as channel:
        first = asyncio.ensure_future(call(channel, "first", method="Do"))
        await arrived.wait()
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, "second", method="Do")
        release.set()

        refusal = refusal_of(caught.value)
        assert await first == "first"
        assert refusal is not None
        assert refusal.kind is RefusalKind.BUSY
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_message_above_the_bound_is_refused(serve_foreign: Serve, call: Call) -> None:
    async with serve_foreign(echo) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, "x" * (MESSAGE_BYTES_MAX + 1))

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_address_that_is_taken_is_told_in_one_sentence() -> None:
    first = GrpcServer("127.0.0.1:0", [])
    await first.start()
    second = GrpcServer(f"127.0.0.1:{first.port}", [])

    with pytest.raises(OSError, match="HASHTILL_LISTEN"):
        await second.start()
    await first.stop(grace_seconds=0)


async def test_health_tells_life_and_readiness_apart_on_both_ports() -> None:
    health = Health()
    await health.start("127.0.0.1:0")
    plain = aio.insecure_channel(f"127.0.0.1:{health.port}")

    async with served(health=health) as channel:
        before = [await is_serving(each, name=name) for each in (plain, channel) for name in (LIVENESS, READINESS)]
        await health.set_ready(ready=True)
        after = [await is_serving(each, name=name) for each in (plain, channel) for name in (LIVENESS, READINESS)]

    await plain.close(None)
    await health.stop()
    assert before == [True, False, True, False]
    assert after == [True, True, True, True]


async def test_readiness_can_be_watched_beside_the_service() -> None:
    health = Health()
    await health.start("127.0.0.1:0")

    async with served(health=health) as channel:
        watched: Any = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=READINESS))
        answers = aiter(watched)
        before = await anext(answers)
        await health.set_ready(ready=True)
        after = await anext(answers)
        watched.cancel()

    await health.stop()
    assert before.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert after.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_lists_every_service() -> None:
    health = Health()

    async with served(health=health) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        names = {each.name for answer in [await anext(aiter(asked))] for each in answer.list_services_response.service}

    assert names == {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


def saying_again(seconds: float, *, ended: asyncio.Event) -> Callable[[str], AsyncIterator[str]]:
    """Answer with the text again and again, and tell when it is over."""

    async def watch(text: str) -> AsyncIterator[str]:
        try:
            while True:
                yield text
                await asyncio.sleep(seconds)
        finally:
            ended.set()

    return watch


async def test_a_watching_stream_ends_quietly_when_its_caller_leaves(
    serve_stream: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    with structlog.testing.capture_logs() as lines:
        async with serve_stream(saying_again(0.001, ended=ended)) as channel:
            stream: Any = channel.unary_stream(
                "/probe.v1.Probe/Watch", StringValue.SerializeToString, StringValue.FromString
            )(StringValue(value="stock"))
            first = await anext(aiter(stream))
            stream.cancel()
            await asyncio.wait_for(ended.wait(), timeout=5)

    assert first.value == "stock"
    assert [line["event"] for line in lines] == ["grpc_listening"]
    assert not caplog.records


async def test_a_stream_ends_quietly_when_its_caller_leaves_while_it_is_writing(
    serve_stream: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    gc.collect()  # what tests before left behind complains now, not below
    caplog.clear()
    ended = asyncio.Event()

    async with serve_stream(saying_again(0, ended=ended)) as channel:
        stream: Any = channel.unary_stream("/probe.v1.Probe/Watch", StringValue.SerializeToString, None)(
            StringValue(value="x" * 1_000_000)
        )
        await anext(aiter(stream))
        await asyncio.sleep(0.05)  # nobody reads: the server waits for room to write
        stream.cancel()
        await asyncio.wait_for(ended.wait(), timeout=5)
        gc.collect()

    assert not caplog.records
