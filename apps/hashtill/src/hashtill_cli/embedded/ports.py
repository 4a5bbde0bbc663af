"""Ports: a free one on the loopback address, or a clear word when a wished one is taken."""

import secrets
import socket
import sys
from collections import deque
from contextlib import ExitStack

from hashtill_cli.embedded.errors import EmbeddedServerError

LOOPBACK = "127.0.0.1"
"""The one address our servers listen on; nothing of ours is reachable from outside the machine."""

_RANGE = range(20_000, 32_000)
"""Below Linux' range for outgoing connections (from 32768), which could take a port between choosing and opening it."""

_TRIES_MAX = 1_000
"""With half of the range taken, ten would do."""

_HELD_MAX = 200
"""Some suites' worth: a chosen port is opened within seconds, and then nobody can choose it anyway."""

_PROBE_TIMEOUT_SECONDS = 0.5
"""A loopback connection is made or refused at once."""

_held: deque[socket.socket] = deque()
"""The names of the ports this process chose last."""


def free_port() -> int:
    """Give a TCP port nobody listens on now, and no other suite of ours chose; a stranger may still take it."""
    return free_ports(1)[0]


def free_ports(number: int) -> list[int]:
    """Give different free ports, from a range the system does not hand out to outgoing connections."""
    with ExitStack() as held:
        return [_bound(held.enter_context(socket.socket())) for _ in range(number)]


def _bound(probe: socket.socket) -> int:
    for _ in range(_TRIES_MAX):
        port = secrets.choice(_RANGE)
        try:
            _hold(port)
            probe.bind((LOOPBACK, port))
        except OSError:
            continue
        return port
    raise EmbeddedServerError(f"No free port was found between {_RANGE[0]} and {_RANGE[-1]}. Stop some programs.")


def _hold(port: int) -> None:
    """Keep the port, by a name that ends with us, from who chooses before it is opened; OSError if one has it."""
    if sys.platform != "linux":
        return
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0hashtill-port-{port}")
    except OSError:
        name.close()
        raise
    _held.append(name)
    while len(_held) > _HELD_MAX:
        _held.popleft().close()


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
