"""For tests: a service's servicers answered on a free port in this process, with everything a real server has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from grpc import aio

from chassis.grpc_client import open_channel
from chassis.grpc_server import CALLS_MAX, GrpcServer, Register
from chassis.health import Health


@asynccontextmanager
async def served(
    *servicers: tuple[Register, Any], health: Health | None = None, calls_max: int = CALLS_MAX
) -> AsyncIterator[aio.Channel]:
    """Serve `(add_…_to_server, servicer)` pairs for the block and give a channel to them, for the generated stub."""
    server = GrpcServer("127.0.0.1:0", servicers, health=health, calls_max=calls_max)
    await server.start()
    channel = open_channel(f"127.0.0.1:{server.port}")
    try:
        yield channel
    finally:
        await channel.close(None)
        await server.stop(grace_seconds=0)
