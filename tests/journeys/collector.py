"""A tiny OpenTelemetry collector: takes spans over OTLP/gRPC, keeps them for a test and writes them to a file."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

SPANS_MAX = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A span that arrived: whose, what, its place in its trace, and the traces it links to."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what is exported."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Seen] = []
        self.address = ""
        self.file: Path | None = None
        """Where every export is written, whole, as a line of JSON: as a collector's file exporter does."""

    def Export(  # noqa: N802 - gRPC's name
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        del context
        with self._lock:
            self._spans += list(_spans_of(request))[: SPANS_MAX - len(self._spans)]
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as file:
                    file.write(MessageToJson(request, indent=None) + "\n")
        return trace_service_pb2.ExportTraceServiceResponse()

    def spans(self, trace_id: str = "") -> list[Seen]:
        """Give the spans of a trace, or all."""
        with self._lock:
            return [span for span in self._spans if trace_id in {"", span.trace_id}]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]  # ships no types
    collector.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=1).wait()


def _spans_of(request: trace_service_pb2.ExportTraceServiceRequest) -> Iterator[Seen]:
    for resource in request.resource_spans:
        names = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Seen(
                    service=names.get("service.name", ""),
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    links=tuple(link.trace_id.hex() for link in span.links),
                )
