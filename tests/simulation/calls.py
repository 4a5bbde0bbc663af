"""Calls between processes: the real servicers answer, in their own process; requests and answers may be lost."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import grpc
from google.rpc import status_pb2
from grpc import aio
from tests.simulation.chance import Fault
from tests.simulation.stage import Life, Node, Stage

from chassis.outages import is_outage
from chassis.refusal_interceptor import OUTAGE
from chassis.refusal_status import DETAILS_KEY, internal_status, refusal_of, status_of
from kernel.refusals import RefusedError

TIMEOUT_SECONDS = 10.0
CONNECT_SECONDS = 0.5
"""How long it takes to learn that nobody listens."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Switchboard:
    """Who answers where, and between whom the line is cut."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.servicers: dict[str, Any] = {}
        self._cut: dict[tuple[str, str], float] = {}

    def answer(self, life: Life, servicer: object) -> None:
        """Let a process answer with this servicer for as long as it lives."""
        self.servicers[life.node.name] = servicer

    def cut(self, caller: str, called: str, *, seconds: float) -> None:
        """Cut the line for a while."""
        self._cut[caller, called] = self.stage.loop.time() + seconds

    def is_cut(self, caller: str, called: str) -> bool:
        """Tell whether the line is cut now."""
        return self._cut.get((caller, called), 0.0) > self.stage.loop.time()


class SimStub:
    """Stands for a peer's stub: `await stub.Method(request, timeout=…)`."""

    def __init__(self, switchboard: Switchboard, called: str, *, caller: Life | None) -> None:
        self._switchboard, self._called, self._caller = switchboard, called, caller
        self._from = caller.node.name if caller is not None else "outside"

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        return partial(self._call, method)

    async def _call(self, method: str, request: Any, *, timeout: float = TIMEOUT_SECONDS) -> Any:  # noqa: ASYNC109 - a stub's shape
        stage, name = self._switchboard.stage, f"{self._from} {self._called}.{method}"
        ends_at = stage.loop.time() + timeout
        await self._step(name)
        if self._switchboard.is_cut(self._from, self._called):
            await asyncio.sleep(min(timeout, CONNECT_SECONDS))
            raise _failed(grpc.StatusCode.UNAVAILABLE)
        if stage.weather.strikes(Fault.CALL_LOST, name):
            await asyncio.sleep(timeout)
            raise _failed(grpc.StatusCode.DEADLINE_EXCEEDED)
        answer = await self._answered(method, request, seconds=timeout)
        if stage.weather.strikes(Fault.ANSWER_LOST, name):
            await asyncio.sleep(max(0.0, ends_at - stage.loop.time()))
            raise _failed(grpc.StatusCode.DEADLINE_EXCEEDED)
        await self._step(name)
        return answer

    async def _answered(self, method: str, request: Any, *, seconds: float) -> Any:
        node: Node = self._switchboard.stage.nodes[self._called]
        if not node.up or node.life is None:
            raise _failed(grpc.StatusCode.UNAVAILABLE)
        serving = node.stage.loop.create_task(_served(node, self._switchboard.servicers[self._called], method, request))
        node.life.own(serving)
        await asyncio.wait([serving], timeout=seconds)
        if not serving.done():
            serving.cancel()
            raise _failed(grpc.StatusCode.DEADLINE_EXCEEDED)
        if serving.cancelled():
            raise _failed(grpc.StatusCode.UNAVAILABLE)
        return serving.result()

    async def _step(self, name: str) -> None:
        if self._caller is not None:
            await self._caller.step(name)
        else:
            await self._switchboard.stage.latency()


async def _served(node: Node, servicer: Any, method: str, request: Any) -> Any:
    """Answer as chassis' interceptor does: a refusal with its reason, an outage, or nothing but an id."""
    try:
        return await getattr(servicer, method)(request, None)
    except RefusedError as refused:
        raise _error(status_of(refused.refusal)) from refused
    except aio.AioRpcError as error:
        refusal = refusal_of(error)
        raise _error(status_of(refusal) if refusal else internal_status("")) from error
    except Exception as error:
        if is_outage(error):
            raise _error(status_of(OUTAGE)) from error
        node.stage.bug(f"{node.name}.{method}", error)
        raise _error(internal_status("")) from error


def request_context(name: str) -> Mapping[str, str]:
    """Give a request id that is the same whenever the same thing is asked."""
    return {"request_id": str(uuid.uuid5(uuid.NAMESPACE_URL, name))}


def _failed(code: grpc.StatusCode) -> aio.AioRpcError:
    return aio.AioRpcError(code, aio.Metadata(), aio.Metadata(), code.name, None)


def _error(status: status_pb2.Status) -> aio.AioRpcError:
    trailers = aio.Metadata((DETAILS_KEY, status.SerializeToString()))
    return aio.AioRpcError(_CODES[status.code], aio.Metadata(), trailers, status.message, None)
