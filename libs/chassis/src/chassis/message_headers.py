"""Message headers: CloudEvents 1.0 in binary mode, written once as the bytes NATS sends, without the closing line."""

from collections.abc import Mapping
from datetime import UTC, datetime

FIRST_LINE = b"NATS/1.0\r\n"
CLOSING_LINE = b"\r\n"

MESSAGE_ID = "Nats-Msg-Id"
TYPE = "ce-type"
TIME = "ce-time"
SUBJECT = "ce-subject"
VERSION = "ce-aggregateversion"
TRACEPARENT = "traceparent"

_CONTROL = dict.fromkeys((*range(32), 127))
"""Line ends and other control characters cannot be smuggled into a header."""


def event_headers(
    *,
    message_id: str,
    event_type: str,
    source: str,
    at: datetime,
    aggregate: str,
    version: int,
    traceparent: str | None,
) -> bytes:
    """Give the header block of an event; an empty source becomes /hashtill/<service> from the event's package."""
    text = (
        f"Nats-Msg-Id: {_clean(message_id)}\r\nce-specversion: 1.0\r\nce-id: {_clean(message_id)}\r\n"
        f"ce-source: {_clean(source) or _source_of(event_type)}\r\nce-type: {event_type}\r\n"
        f"ce-time: {at.astimezone(UTC).isoformat()}\r\nce-subject: {_clean(aggregate)}\r\n"
        f"ce-aggregateversion: {version}\r\ncontent-type: application/protobuf\r\n"
    )
    trace = f"traceparent: {_clean(traceparent)}\r\n" if traceparent else ""
    return FIRST_LINE + (text + trace).encode()


def put_headers(message_id: str) -> bytes:
    """Give the header block that puts a key."""
    return FIRST_LINE + f"Nats-Msg-Id: {_clean(message_id)}\r\n".encode()


def deletion_headers(message_id: str) -> bytes:
    """Give the header block that deletes a key."""
    return FIRST_LINE + f"Nats-Msg-Id: {_clean(message_id)}\r\nKV-Operation: DEL\r\n".encode()


def parse_headers(block: bytes) -> dict[str, str]:
    """Read a header block back."""
    lines = block.decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def block_of(headers: Mapping[str, str]) -> bytes:
    """Write received headers as a block again."""
    return FIRST_LINE + "".join(f"{name}: {_clean(value)}\r\n" for name, value in headers.items()).encode()


def _source_of(event_type: str) -> str:
    return "/" + "/".join(event_type.split(".")[:2])


def _clean(text: str) -> str:
    return text if text.isprintable() else text.translate(_CONTROL)
