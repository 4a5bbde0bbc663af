"""The outbox: what leaves a service is a row written with its cause; the relay carries it to JetStream."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.message_headers import deletion_headers, event_headers, put_headers
from chassis.postgres import announce
from chassis.telemetry import current_traceparent
from chassis.unnest import columns_of, execute_unnest
from kernel.ids import message_id_of
from kernel.shards import shard_of

_INSERT = """
INSERT INTO outbox (msg_id, aggregate, version, subject, headers, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[])
"""

_INSERT_UNKNOWN = _INSERT + " ON CONFLICT DO NOTHING"

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """One fact to tell: `version` is the aggregate's after the change; what is empty is derived.

    `subject`: hashtill.<service>.v1.<event_snake_case>.<shard of the aggregate>; `source`: /hashtill/<service>;
    `message_id`: from aggregate, version and event, so that the same fact is the same message;
    `traceparent`: the current span's. A message added again under the same id must carry the same `at`.
    """

    aggregate: str
    version: int
    event: Message
    at: datetime
    subject: str = ""
    source: str = ""
    message_id: str = ""
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueChange:
    """One key of a JetStream bucket put (`value`) or deleted (`value=None`), in order with its cause."""

    bucket: str
    key: str
    version: int
    value: bytes | None


Outgoing: TypeAlias = OutboxMessage | KeyValueChange
EncodedRow: TypeAlias = tuple[str, str, int, str, bytes, bytes]
"""msg_id, aggregate, version, subject, header block (without its closing line), body."""


async def add_outbox(connection: AsyncConnection, messages: Sequence[Outgoing], *, skip_known: bool = False) -> None:
    """Write the messages in one statement; the commit wakes the relay.

    A message id already written the same day is a bug and raises, unless `skip_known` (rebuilding derived rows).
    Write them after the aggregate's row is locked (its UPDATE), so that ids follow versions.
    """
    if not messages:
        return
    rows = [encode(message) for message in messages]
    await execute_unnest(connection, _INSERT_UNKNOWN if skip_known else _INSERT, *columns_of(rows, count=6))
    announce(connection)


class PostgresOutbox:
    """The outbox of one transaction, for a unit of work: `await unit.outbox.add(messages)`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, messages: Sequence[Outgoing]) -> None:
        """Write the messages with their cause."""
        await add_outbox(self._connection, messages)


def encode(message: Outgoing) -> EncodedRow:
    """Give the row of a message; headers become bytes here, once."""
    return _encode_change(message) if isinstance(message, KeyValueChange) else _encode_event(message)


def id_of(message: Outgoing) -> str:
    """Give the message's id: its own, or the one derived from aggregate, version and event."""
    match message:
        case KeyValueChange():
            name = f"{message.bucket}/{message.key}"
            return message_id_of(aggregate=name, version=message.version, event="key-value")
        case OutboxMessage():
            event = message.event.DESCRIPTOR.full_name
            return message.message_id or message_id_of(
                aggregate=message.aggregate, version=message.version, event=event
            )


def subject_of(message: OutboxMessage) -> str:
    """Give the message's subject: its own, or the event's with the aggregate's shard."""
    return message.subject or f"{subject_stem(message.event.DESCRIPTOR.full_name)}.{shard_of(message.aggregate)}"


@lru_cache(maxsize=512)
def subject_stem(event_type: str) -> str:
    """Turn hashtill.orders.v1.OrderHeld into hashtill.orders.v1.order_held."""
    package, _, name = event_type.rpartition(".")
    return f"{package}.{_CAPITAL.sub('_', name).lower()}"


def _encode_event(message: OutboxMessage) -> EncodedRow:
    message_id = id_of(message)
    headers = event_headers(
        message_id=message_id,
        event_type=message.event.DESCRIPTOR.full_name,
        source=message.source,
        at=message.at,
        aggregate=message.aggregate,
        version=message.version,
        traceparent=message.traceparent or current_traceparent(),
    )
    body = message.event.SerializeToString()
    return message_id, message.aggregate, message.version, subject_of(message), headers, body


def _encode_change(change: KeyValueChange) -> EncodedRow:
    message_id = id_of(change)
    headers = put_headers(message_id) if change.value is not None else deletion_headers(message_id)
    subject = f"$KV.{change.bucket}.{change.key}"
    return message_id, f"{change.bucket}/{change.key}", change.version, subject, headers, change.value or b""
