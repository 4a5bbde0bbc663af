"""Settling: what JetStream is told about each message after its handler: done, again later, or never again."""

from collections.abc import Iterable, Sequence

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.nats_wire import plain, write

_NANOSECONDS = 1_000_000_000


def done(message: Msg) -> bytes:
    """Give the command: handled and committed."""
    return plain(message.reply, b"+ACK")


def again(message: Msg, *, seconds: float = 0) -> bytes:
    """Give the command: deliver again, now or after so many seconds."""
    delay = orjson.dumps({"delay": int(seconds * _NANOSECONDS)}) if seconds else b""
    return plain(message.reply, b"-NAK " + delay if delay else b"-NAK")


def never(message: Msg) -> bytes:
    """Give the command: never deliver again (it is kept as a dead letter)."""
    return plain(message.reply, b"+TERM")


def working(messages: Iterable[Msg]) -> list[bytes]:
    """Give the commands: still at it, count the wait from now."""
    return [plain(message.reply, b"+WPI") for message in messages]


async def tell(client: Client, commands: Sequence[bytes]) -> None:
    """Send commands in one write; what is lost with the connection comes again and the inbox knows it."""
    if not commands:
        return
    try:
        await write(client, commands)
    except nats.errors.Error:
        return
