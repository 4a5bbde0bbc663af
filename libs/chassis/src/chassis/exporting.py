"""Exporting: spans and metrics leave over OTLP when an endpoint is set; the queue and the last wait are bounded."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from chassis.telemetry import Recorder

FLUSH_SECONDS = 0.8
"""A stopping process gives its last spans this long."""


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
    if otlp_endpoint is None and not processors:
        return Exporting(tracers=None, meters=None)
    resource = Resource.create({"service.name": service, "service.namespace": "hashtill"})
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    for each in processors:
        tracers.add_span_processor(each)
    Recorder.tracer = tracers.get_tracer("hashtill")
    if otlp_endpoint is None:
        return Exporting(tracers=tracers, meters=None)
    from chassis import otlp  # noqa: PLC0415 - a tenth of a second to import, for those who have a collector

    tracers.add_span_processor(otlp.span_processor(otlp_endpoint))
    return Exporting(tracers=tracers, meters=otlp.meters(resource, otlp_endpoint))


def meter(name: str) -> metrics.Meter:
    """Give a meter; its instruments cost nothing until an endpoint is set."""
    return metrics.get_meter(name)


def _join(threads: Sequence[threading.Thread]) -> None:
    """Wait for daemon threads, which cannot keep the process from ending as a pool's threads would."""
    ends_at = time.monotonic() + FLUSH_SECONDS
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
