"""Health: the standard gRPC health service, twice: in plain text on its own port for probes, and beside the service."""

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from chassis import credentials

LIVENESS = ""
"""The process answers; a probe that fails here restarts it."""

READINESS = "readiness"
"""It can do its work; a probe that fails here keeps traffic away."""

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """The two names' states, and the plain-text server that answers for them."""

    def __init__(self) -> None:
        self.servicer = HealthServicer()
        self.port = 0
        self._server: aio.Server | None = None

    async def start(self, listen: str) -> None:
        """Answer on host:port (0 picks a free one): alive at once, ready only when told."""
        await self.servicer.set(LIVENESS, _SERVING)
        await self.servicer.set(READINESS, _NOT_SERVING)
        self._server = aio.server(options=[("grpc.so_reuseport", 0)])
        health_pb2_grpc.add_HealthServicer_to_server(self.servicer, self._server)
        self.port = credentials.bind_plaintext(self._server, listen, variable="HASHTILL_HEALTH_LISTEN")
        await self._server.start()

    async def set_ready(self, *, ready: bool) -> None:
        """Say whether traffic is welcome."""
        await self.servicer.set(READINESS, _SERVING if ready else _NOT_SERVING)

    async def stop(self) -> None:
        """Stop answering; watchers are cut off."""
        if self._server is not None:
            await self._server.stop(grace=None)


async def is_serving(channel: aio.Channel, *, name: str = LIVENESS, timeout_seconds: float = 1.0) -> bool:
    """Ask a peer for its health over a channel; False when it does not answer in time or is not serving."""
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=timeout_seconds)
    except aio.AioRpcError:
        return False
    return bool(answer.status == _SERVING)
