"""Credentials: the one place that decides how services prove themselves to each other; plain text for now."""

from typing import Any

import grpc.aio


class AddressTakenError(OSError):
    """The address cannot be opened; the sentence names it and the variable to change."""


def bind(server: grpc.aio.Server, listen: str) -> int:
    """Bind a service's server to host:port (0 picks a free one) with our credentials and give the port.

    Raises AddressTakenError.
    """
    return bind_plaintext(server, listen, variable="HASHTILL_LISTEN")


def bind_plaintext(server: grpc.aio.Server, listen: str, *, variable: str) -> int:
    """Bind without credentials, which only health may: Kubernetes' gRPC probes speak no TLS."""
    try:
        return server.add_insecure_port(listen)
    except RuntimeError as error:
        raise AddressTakenError(
            f"{listen} is taken or not an address of this machine. Choose another {variable}."
        ) from error


def channel(target: str, *, options: list[tuple[str, object]], interceptors: list[Any]) -> grpc.aio.Channel:
    """Open a channel to a target with the credentials every peer of ours expects."""
    return grpc.aio.insecure_channel(target, options=options, interceptors=interceptors)
