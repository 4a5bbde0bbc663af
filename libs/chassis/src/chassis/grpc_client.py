"""Channels to peers: calls carry deadline, trace and request id onward, and repeatable ones are retried a little."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio
from opentelemetry.trace import SpanKind, StatusCode

from chassis import credentials
from chassis.deadlines import call_timeout_seconds, remaining_seconds
from chassis.grpc_server import KEEPALIVE_MS, MESSAGE_BYTES_MAX
from chassis.request_ids import REQUEST_ID_HEADER, current_request_id
from chassis.retries import ATTEMPTS_MAX, RetryBudget, is_repeatable, is_worth_retrying, pause_seconds
from chassis.telemetry import current_traceparent, set_allowed, span
from chassis.trace_interceptor import TRACEPARENT_HEADER, service_and_name

TIMEOUT_SECONDS = 3.0
"""A call's limit when its caller names none: a batch answers within 2 s, and one second is for the way."""

_OPTIONS: list[tuple[str, object]] = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
]


if TYPE_CHECKING:
    _Unary = aio.UnaryUnaryClientInterceptor[Any, Any]
    _Stream = aio.UnaryStreamClientInterceptor[Any, Any]
else:
    _Unary, _Stream = aio.UnaryUnaryClientInterceptor, aio.UnaryStreamClientInterceptor


def open_channel(target: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> aio.Channel:
    """Open a channel for stubs: `OffersServiceStub(open_channel(settings.offers_target))`; close it at the stop."""
    budget = RetryBudget()
    interceptors: list[Any] = [_UnaryCalls(timeout_seconds, budget), _StreamCalls()]
    return credentials.channel(target, options=_OPTIONS, interceptors=interceptors)


class _UnaryCalls(_Unary):
    """One client span, bounded by the deadline, with up to ATTEMPTS_MAX attempts."""

    def __init__(self, timeout_seconds: float, budget: RetryBudget) -> None:
        self._timeout_seconds, self._budget = timeout_seconds, budget

    async def intercept_unary_unary(
        self,
        continuation: Callable[[aio.ClientCallDetails, Any], Any],
        client_call_details: aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Make the call, and again while that may help."""
        method = method_of(client_call_details)
        own_seconds = client_call_details.timeout or self._timeout_seconds
        service, name = service_and_name(method)
        with span(f"{service}/{name}", kind=SpanKind.CLIENT, rpc_service=service, rpc_method=name) as opened:
            self._budget.called()
            ends_at = asyncio.get_running_loop().time() + call_timeout_seconds(own_seconds)
            for attempt in range(1, ATTEMPTS_MAX + 1):
                left = ends_at - asyncio.get_running_loop().time()
                call = await continuation(_carrying(client_call_details, timeout_seconds=left), request)
                code = await _ended(call)
                if not await self._again(code, method, request, attempt=attempt, ends_at=ends_at):
                    break
            set_allowed(opened, rpc_status=code.name)
            if code is not grpc.StatusCode.OK:
                opened.set_status(StatusCode.ERROR)
            return call

    async def _again(self, code: grpc.StatusCode, method: str, request: Any, *, attempt: int, ends_at: float) -> bool:
        """Pause and say True when one more attempt is worth it, allowed, in time and within the budget."""
        pause = pause_seconds(attempt)
        allowed = attempt < ATTEMPTS_MAX and is_worth_retrying(code) and is_repeatable(method, request)
        in_time = asyncio.get_running_loop().time() + pause < ends_at
        if not allowed or not in_time or not self._budget.take():
            return False
        await asyncio.sleep(pause)
        return True


class _StreamCalls(_Stream):
    """Carries trace and request id; a watching stream lasts unless its caller sets a timeout or is timed itself."""

    async def intercept_unary_stream(
        self,
        continuation: Callable[[aio.ClientCallDetails, Any], Any],
        client_call_details: aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Open the stream."""
        own_seconds = client_call_details.timeout
        timed = own_seconds is not None or remaining_seconds() is not None
        timeout = call_timeout_seconds(own_seconds if own_seconds is not None else float("inf")) if timed else None
        return await continuation(_carrying(client_call_details, timeout_seconds=timeout), request)


async def _ended(call: Any) -> grpc.StatusCode:
    """Wait for a call's end; a caller that gives up takes the call back, so that the peer stops too."""
    try:
        code: grpc.StatusCode = await call.code()
    except asyncio.CancelledError:
        call.cancel()
        raise
    return code


def method_of(details: aio.ClientCallDetails) -> str:
    """Give the full method as text; grpc.aio hands it over as bytes."""
    method: str | bytes = details.method
    return method.decode() if isinstance(method, bytes) else method


def _carrying(details: aio.ClientCallDetails, *, timeout_seconds: float | None) -> aio.ClientCallDetails:
    given: Iterable[tuple[str, Any]] = details.metadata or ()
    metadata = aio.Metadata(*given)
    for key, value in ((TRACEPARENT_HEADER, current_traceparent()), (REQUEST_ID_HEADER, current_request_id())):
        if value is not None:
            metadata[key] = value
    return aio.ClientCallDetails(details.method, timeout_seconds, metadata, details.credentials, details.wait_for_ready)
