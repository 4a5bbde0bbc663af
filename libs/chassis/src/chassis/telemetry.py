"""Traces: every step has ids (order logs keep them), but spans are only recorded when an exporter is set.

Without an exporter a span is two random numbers in the context (about 3 µs); with one it is an SDK span (about 20 µs).
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from types import TracebackType
from typing import TypedDict, Unpack, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from chassis.masking import masked
from kernel.chance import CHANCE

LINKS_MAX = 128
"""The SDK's own bound of links a span; a batch of more traces links to the first 128."""

TEXT_MAX = 200
"""Characters of one span attribute; ids and names are far shorter."""

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class SpanAttributes(TypedDict, total=False):
    """The allow-list: what a span may carry besides its name. Ids, counts and names; never text people wrote."""

    batch_size: int
    network: str
    order_id: str
    offer_id: str
    post_id: str
    charge_id: str
    stream: str
    subject: str
    consumer: str
    outcome: str
    reason: str
    request_id: str
    rpc_service: str
    rpc_method: str
    rpc_status: str


_KEYS = {name: f"hashtill.{name}" for name in SpanAttributes.__annotations__} | {
    "rpc_service": "rpc.service",
    "rpc_method": "rpc.method",
    "rpc_status": "rpc.grpc.status_code",
}


def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    expected: type[BaseException] = asyncio.CancelledError,
    **attributes: Unpack[SpanAttributes],
) -> AbstractContextManager[Span]:
    """Open a child of the current one, named like `orders.hold_stock`; an exception but an `expected` one fails it."""
    return _Opened(name, _here(), kind=kind, attributes=attributes, expected=expected)


def caused_span(
    name: str,
    traceparent: str | None,
    *,
    kind: SpanKind = SpanKind.CONSUMER,
    expected: type[BaseException] = asyncio.CancelledError,
    **attributes: Unpack[SpanAttributes],
) -> AbstractContextManager[Span]:
    """Open the child of a cause from elsewhere, a new root without one: `parented_by` and `span` in one step."""
    cause = read_traceparent(traceparent) or INVALID_SPAN_CONTEXT
    return _Opened(name, cause, kind=kind, attributes=attributes, expected=expected)


def batch_span(
    name: str, traceparents: Iterable[str | None], **attributes: Unpack[SpanAttributes]
) -> AbstractContextManager[Span]:
    """Open the span of a batch: one distinct cause makes it that cause's child, several a new root linked to each.

    Malformed or missing traceparents are left out; at most `LINKS_MAX` links are kept.
    """
    found = list(islice(_causes(traceparents), LINKS_MAX if Recorder.tracer else 2))
    if len(found) == 1:
        return _Opened(name, found[0], kind=SpanKind.CONSUMER, attributes=attributes)
    links = [Link(cause) for cause in found]
    return _Opened(name, INVALID_SPAN_CONTEXT, kind=SpanKind.CONSUMER, links=links, attributes=attributes)


def parented_by(traceparent: str | None) -> AbstractContextManager[None]:
    """Make a cause from elsewhere (a row, a message) the parent of the spans opened inside; None or malformed: none."""
    return _Parented(traceparent)


def current_traceparent() -> str | None:
    """Write the current span as a W3C traceparent, for an outbox row, a header or a lease; None outside any span."""
    at = _here()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}" if at.is_valid else None


def current_trace_id() -> str | None:
    """Give the current trace's id, 32 hex digits, for the order's log; None outside any span."""
    at = _here()
    return f"{at.trace_id:032x}" if at.is_valid else None


def trace_id_of(traceparent: str | None) -> str | None:
    """Read the trace id out of a traceparent; None when there is none or it is malformed."""
    found = read_traceparent(traceparent)
    return f"{found.trace_id:032x}" if found else None


def read_traceparent(text: str | None) -> SpanContext | None:
    """Read a W3C traceparent (version 00) strictly; None for anything else."""
    match = _TRACEPARENT.fullmatch(text or "")
    if match is None:
        return None
    read = SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=TraceFlags(int(match[3], 16)))
    return read if read.is_valid else None


class Recorder:
    """Holds the SDK's tracer while an exporter is set; `chassis.exporting` sets it after fork."""

    tracer: trace.Tracer | None = None


class _Opened(AbstractContextManager[Span]):
    __slots__ = ("_above", "_attributes", "_expected", "_kind", "_links", "_name", "_span", "_token")

    def __init__(
        self,
        name: str,
        above: SpanContext,
        *,
        kind: SpanKind,
        attributes: SpanAttributes,
        links: Sequence[Link] = (),
        expected: type[BaseException] = asyncio.CancelledError,
    ) -> None:
        self._name, self._above, self._kind, self._attributes = name, above, kind, attributes
        self._links, self._expected = links, expected

    def __enter__(self) -> Span:
        tracer = Recorder.tracer
        self._span = self._recorded(tracer) if tracer else NonRecordingSpan(_child_of(self._above))
        self._token = otel_context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        otel_context.detach(self._token)
        if isinstance(exc, Exception) and not isinstance(exc, self._expected):
            self._span.set_attribute("error.type", type(exc).__qualname__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()

    def _recorded(self, tracer: trace.Tracer) -> Span:
        kept, above = _allowed(self._attributes), _as_context(self._above)
        return tracer.start_span(self._name, above, kind=self._kind, attributes=kept, links=self._links)


class _Parented(AbstractContextManager[None]):
    __slots__ = ("_cause", "_token")

    def __init__(self, traceparent: str | None) -> None:
        self._cause = read_traceparent(traceparent) or INVALID_SPAN_CONTEXT

    def __enter__(self) -> None:
        self._token = otel_context.attach(_as_context(self._cause))

    def __exit__(self, *_: object) -> None:
        otel_context.detach(self._token)


def set_allowed(on: Span, **attributes: Unpack[SpanAttributes]) -> None:
    """Add attributes to an open span, through the same allow-list."""
    if on.is_recording():
        on.set_attributes(_allowed(attributes))


def _causes(traceparents: Iterable[str | None]) -> Iterator[SpanContext]:
    """Read the distinct ones, in order, as far as somebody asks."""
    for text in dict.fromkeys(traceparents):
        if (cause := read_traceparent(text)) is not None:
            yield cause


def _allowed(attributes: SpanAttributes) -> dict[str, str | int]:
    given = cast("dict[str, str | int]", attributes)
    return {_KEYS[name]: _safe(value) for name, value in given.items() if name in _KEYS}


def _safe(value: str | int) -> str | int:
    return masked(value)[:TEXT_MAX] if isinstance(value, str) else value


def _here() -> SpanContext:
    return trace.get_current_span().get_span_context()


def _as_context(above: SpanContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(above), Context()) if above.is_valid else Context()


def _child_of(above: SpanContext) -> SpanContext:
    if not above.is_valid:
        return SpanContext(_bits(128), _bits(64), is_remote=False, trace_flags=_SAMPLED)
    return SpanContext(above.trace_id, _bits(64), is_remote=False, trace_flags=above.trace_flags)


def _bits(count: int) -> int:
    return CHANCE.getrandbits(count) or 1
