"""Ports: a free one on the loopback address, or a clear word when a wished one is taken."""

import socket

from hashtill_cli.embedded.errors import EmbeddedServerError

LOOPBACK = "127.0.0.1"
"""The one address our servers listen on; nothing of ours is reachable from outside the machine."""

_PROBE_TIMEOUT_SECONDS = 0.5
"""A loopback connection is made or refused at once."""


def free_port() -> int:
    """Give a TCP port nobody listens on now; another process may still take it, so the caller retries."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, *, for_what: str) -> int:
    """Give the port back, or raise with the remedy when somebody listens there."""
    if answers(port):
        raise EmbeddedServerError(
            f"Port {port} for {for_what} is already in use."
            " Stop the program that holds it, or leave the choice of the port to us."
        )
    return port


def answers(port: int) -> bool:
    """Whether something accepts connections on this port of the loopback address."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=_PROBE_TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True
