"""A service's gRPC server: bounded, reflected, drained; one interceptor each for calls, traces and refusals."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from grpc import aio
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis import credentials
from chassis.call_limits import DEADLINE_SECONDS, CallLimits
from chassis.health import Health
from chassis.refusal_interceptor import RefusalInterceptor
from chassis.trace_interceptor import TraceInterceptor
from chassis.wire import Wire

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""One message either way; a batch of 200 items is under 200 kB."""

CALLS_MAX = 2_000
"""Calls in flight a process, 1,000 watchers among them; one more is RESOURCE_EXHAUSTED now, not late for everybody."""

CONNECTION_AGE_MS = 5 * 60 * 1_000
"""Connections are renewed, so that new replicas get their share of kept ones."""

CONNECTION_AGE_GRACE_MS = 60 * 1_000
KEEPALIVE_MS = 30_000
"""A silent peer is asked whether it lives, well under the idle limits of load balancers (60 s)."""

_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
    ("grpc.max_connection_age_grace_ms", CONNECTION_AGE_GRACE_MS),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.so_reuseport", 0),
]

Register = Callable[[Any, aio.Server], None]
"""The generated `add_…Servicer_to_server`."""


class GrpcServer:
    """Answers for the given servicers on host:port; `port` is known after `start()`.

    Example: `GrpcServer(settings.listen, [(add_OffersServiceServicer_to_server, OffersServicer(...))], health=…)`.
    """

    def __init__(
        self,
        listen: str,
        servicers: Sequence[tuple[Register, Any]],
        *,
        health: Health | None = None,
        calls_max: int = CALLS_MAX,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.port = 0
        self._limits = CallLimits(deadline_seconds=deadline_seconds)
        self._listen, self._servicers, self._health, self._calls_max = listen, servicers, health, calls_max
        self._server: aio.Server | None = None

    def __repr__(self) -> str:
        return f"GrpcServer({self._listen})"

    async def start(self) -> None:
        """Bind and answer; raises AddressTakenError."""
        self._server = aio.server(
            interceptors=[self._limits, TraceInterceptor(), RefusalInterceptor(), Wire()],
            options=_OPTIONS,
            maximum_concurrent_rpcs=self._calls_max,
        )
        self._register(self._server)
        self.port = credentials.bind(self._server, self._listen)
        await self._server.start()
        structlog.get_logger().info("grpc_listening", address=self._listen, port=self.port)

    async def stop(self, *, grace_seconds: float) -> None:
        """Refuse new calls, let those in flight finish within the grace, then cancel what is left."""
        if self._server is None:
            return
        started = time.monotonic()
        await self._server.stop(grace_seconds)
        if 0 < grace_seconds <= time.monotonic() - started:
            structlog.get_logger().warning("hung_at_stop", what="calls in flight", waited_seconds=grace_seconds)

    def _register(self, server: aio.Server) -> None:
        noted = _Noted(server)
        for register, servicer in self._servicers:
            register(servicer, noted)  # type: ignore[arg-type] # only the registering half of a server is used here
        if self._health is not None:
            health_pb2_grpc.add_HealthServicer_to_server(self._health.servicer, noted)
        reflection.enable_server_reflection([*noted.names, reflection.SERVICE_NAME], server)


class _Noted:
    """Passes registrations on and notes the services' full names, which reflection needs."""

    def __init__(self, server: aio.Server) -> None:
        self._server = server
        self.names: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        self.names.extend(handler.service_name() for handler in handlers)
        self._server.add_generic_rpc_handlers(tuple(handlers))

    def add_registered_method_handlers(self, _service: str, _handlers: dict[str, Any]) -> None:
        """Leave these out: the generic handlers, given first, answer for the same methods."""
