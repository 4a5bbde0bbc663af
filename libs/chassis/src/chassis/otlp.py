"""OTLP: how spans and metrics reach a collector; bounded, and never in anybody's way."""

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SPANS_QUEUED_MAX = 4_096
"""Spans waiting for the collector; more are dropped, for memory matters more than a trace."""

SPANS_EVERY_MS = 1_000
METRICS_EVERY_MS = 10_000

EXPORT_TIMEOUT_SECONDS = 2
"""One export's limit; a collector that is away must not hold anything up."""


def span_processor(endpoint: str) -> BatchSpanProcessor:
    """Send spans in batches from a thread of their own."""
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=_is_plain(endpoint), timeout=EXPORT_TIMEOUT_SECONDS)
    return BatchSpanProcessor(exporter, max_queue_size=SPANS_QUEUED_MAX, schedule_delay_millis=SPANS_EVERY_MS)


def meters(resource: Resource, endpoint: str) -> MeterProvider:
    """Send metrics every ten seconds; the instruments made before begin to count now."""
    exporter = OTLPMetricExporter(endpoint=endpoint, insecure=_is_plain(endpoint), timeout=EXPORT_TIMEOUT_SECONDS)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=METRICS_EVERY_MS)
    provider = MeterProvider(resource=resource, metric_readers=[reader], shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    return provider


def _is_plain(endpoint: str) -> bool:
    return endpoint.startswith("http://")
