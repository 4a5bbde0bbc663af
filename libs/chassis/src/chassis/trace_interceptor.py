"""A server span for every call, under the caller's span when it sent one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import grpc
from grpc import aio
from opentelemetry.trace import Span, SpanKind, StatusCode

from chassis.call_limits import header
from chassis.interception import Around, Context
from chassis.request_ids import current_request_id
from chassis.telemetry import caused_span, set_allowed

TRACEPARENT_HEADER = "traceparent"
"""The W3C header, in gRPC metadata."""


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode} | {code: code.name for code in grpc.StatusCode}
"""grpc.aio gives a status's number where grpc gives the status."""

_OURS = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""The statuses that fail a server span (OpenTelemetry's conventions for RPC); the others are the caller's."""


class TraceInterceptor(Around):
    """Opens the span, named by the method, and notes the status it ended with."""

    def around(
        self,
        method: str,
        context: Context,
        *,
        streams: bool,  # noqa: ARG002 - a stream's span lasts as long as the stream
    ) -> AbstractAsyncContextManager[None]:
        """Open the call's span."""
        return _traced(method, context)


@asynccontextmanager
async def _traced(method: str, context: Context) -> AsyncIterator[None]:
    service, name = service_and_name(method)
    with caused_span(
        f"{service}/{name}",
        header(context, TRACEPARENT_HEADER),
        kind=SpanKind.SERVER,
        expected=aio.AbortError,
        rpc_service=service,
        rpc_method=name,
    ) as opened:
        try:
            yield
        finally:
            if opened.is_recording():
                _note(opened, _code_of(context))


def service_and_name(method: str) -> tuple[str, str]:
    """Split `/package.Service/Method` into its two names."""
    service, _, name = method[1:].partition("/")
    return service, name


def _note(opened: Span, code: str) -> None:
    set_allowed(opened, rpc_status=code, request_id=current_request_id() or "")
    if code in _OURS:
        opened.set_status(StatusCode.ERROR)


def _code_of(context: Context) -> str:
    number: Any = context.code()
    return _NAMES.get(number, "OK")
