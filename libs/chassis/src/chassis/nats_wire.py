"""NATS on the wire: many commands in one write; nats-py's own publish costs ten times as much a message."""

from collections.abc import Iterable, Sequence

from nats.aio.client import Client
from nats.errors import ConnectionClosedError, ConnectionReconnectingError


def publication(subject: str, reply: str, headers: bytes, body: bytes) -> bytes:
    """Give the HPUB command of one message; `headers` is the whole block with its closing line."""
    head = f"HPUB {subject} {reply} {len(headers)} {len(headers) + len(body)}\r\n"
    return b"".join((head.encode(), headers, body, b"\r\n"))


def plain(subject: str, body: bytes, *, reply: str = "") -> bytes:
    """Give the PUB command of a message without headers (an acknowledgement, a request)."""
    return b"".join((f"PUB {subject} {reply} {len(body)}\r\n".encode(), body, b"\r\n"))


async def write(client: Client, commands: Sequence[bytes] | Iterable[bytes]) -> None:
    """Send commands in one write; raises ConnectionClosedError or ConnectionReconnectingError without one.

    Unlike publish it never buffers for a later connection: what it did not send, its caller sends again.
    """
    if client.is_closed:
        raise ConnectionClosedError
    if not client.is_connected:
        raise ConnectionReconnectingError
    await client._send_command(b"".join(commands))  # noqa: SLF001 - no public call takes more than one message
    await client._flush_pending()  # noqa: SLF001 - as above
