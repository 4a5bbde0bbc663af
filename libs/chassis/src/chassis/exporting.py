"""Exporting: spans and metrics leave over OTLP when an endpoint is set; the queue and the last wait are bounded."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from chassis.telemetry import Recorder

SPANS_QUEUED_MAX = 4_096
"""Spans waiting for the collector; more are dropped, for memory matters more than a trace."""

FLUSH_SECONDS = 0.8
"""A stopping process gives its last spans this long."""

EXPORT_TIMEOUT_SECONDS = 2
"""One export's limit; a collector that is away must not hold anything up."""

METRICS_EVERY_MS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """What was set up; `stop()` flushes and ends it, within FLUSH_SECONDS."""

    tracers: TracerProvider | None
    meters: MeterProvider | None

    async def stop(self) -> None:
        """Send what is waiting, for at most FLUSH_SECONDS, and record no more."""
        Recorder.tracer = None
        shutdowns = [each.shutdown for each in (self.tracers, self.meters) if each is not None]
        if shutdowns:
            ending = [threading.Thread(target=shutdown, daemon=True) for shutdown in shutdowns]
            for thread in ending:
                thread.start()
            await asyncio.to_thread(_join, ending)


def start_exporting(*, service: str, otlp_endpoint: str | None, processors: Sequence[SpanProcessor] = ()) -> Exporting:
    """Record spans for the endpoint or the given processors (tests); with neither, spans stay mere ids.

    Call it once a process, after any fork: the exporter runs a thread.
    """
    resource = Resource.create({"service.name": service, "service.namespace": "hashtill"})
    chosen = [*processors, *([_to(otlp_endpoint)] if otlp_endpoint else [])]
    if not chosen:
        return Exporting(tracers=None, meters=None)
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    for each in chosen:
        tracers.add_span_processor(each)
    Recorder.tracer = tracers.get_tracer("hashtill")
    return Exporting(tracers=tracers, meters=_meters(resource, otlp_endpoint) if otlp_endpoint else None)


def meter(name: str) -> metrics.Meter:
    """Give a meter; its instruments cost nothing until an endpoint is set."""
    return metrics.get_meter(name)


def _to(endpoint: str) -> BatchSpanProcessor:
    exporter = OTLPSpanExporter(
        endpoint=endpoint, insecure=endpoint.startswith("http://"), timeout=EXPORT_TIMEOUT_SECONDS
    )
    return BatchSpanProcessor(exporter, max_queue_size=SPANS_QUEUED_MAX, schedule_delay_millis=1_000)


def _meters(resource: Resource, endpoint: str) -> MeterProvider:
    exporter = OTLPMetricExporter(
        endpoint=endpoint, insecure=endpoint.startswith("http://"), timeout=EXPORT_TIMEOUT_SECONDS
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=METRICS_EVERY_MS)
    provider = MeterProvider(resource=resource, metric_readers=[reader], shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    return provider


def _join(threads: Sequence[threading.Thread]) -> None:
    """Wait for daemon threads, which cannot keep the process from ending as a pool's threads would."""
    ends_at = time.monotonic() + FLUSH_SECONDS
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
