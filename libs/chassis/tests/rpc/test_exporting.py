"""Spans and metrics reach a real collector over OTLP, and a stop flushes the last of them."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from grpc import aio
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from chassis.exporting import start_exporting

PROBE = Path(__file__).with_name("exporting_probe.py")


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """Takes what is sent."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.services: set[str] = set()
        self.metrics: list[str] = []

    async def Export(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's name
        if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
            for resource in request.resource_spans:
                self.services |= {each.value.string_value for each in resource.resource.attributes}
                self.spans += [each.name for scope in resource.scope_spans for each in scope.spans]
            return trace_service_pb2.ExportTraceServiceResponse()
        for resource in request.resource_metrics:
            self.metrics += [each.name for scope in resource.scope_metrics for each in scope.metrics]
        return metrics_service_pb2.ExportMetricsServiceResponse()


async def test_a_stop_sends_the_last_spans_and_metrics_to_the_collector() -> None:
    collector, server = Collector(), aio.server()
    registering: tuple[Any, ...] = (
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
    )
    for register in registering:
        register(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    probe = await asyncio.create_subprocess_exec(sys.executable, PROBE, f"http://127.0.0.1:{port}")
    code = await probe.wait()
    await server.stop(None)

    assert code == 0
    assert collector.spans == ["orders.hold"]
    assert {"probe", "hashtill"} <= collector.services
    assert collector.metrics == ["orders_held"]


async def test_without_a_collector_nothing_is_set_up() -> None:
    exporting = start_exporting(service="probe", otlp_endpoint=None)

    await exporting.stop()

    assert exporting.tracers is None
    assert exporting.meters is None
