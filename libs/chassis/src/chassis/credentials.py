"""Credentials: the one place that decides how services prove themselves to each other; plain text for now."""

from typing import Any

import grpc.aio


def listen(server: grpc.aio.Server, address: str) -> int:
    """Bind a server to host:port (0 picks a free one) and give the port; raises RuntimeError when it is taken."""
    return server.add_insecure_port(address)


def channel(target: str, *, options: list[tuple[str, object]], interceptors: list[Any]) -> grpc.aio.Channel:
    """Open a channel to a target with the credentials every peer of ours expects."""
    return grpc.aio.insecure_channel(target, options=options, interceptors=interceptors)
