"""The outbox: ids, subjects and headers are derived, and the same fact is told once."""

from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg
import pytest

from chassis.message_headers import parse_headers
from chassis.outbox import KeyValueChange, OutboxMessage, add_outbox, encode
from chassis.postgres import Database
from chassis.telemetry import current_traceparent, span
from chassis.unnest import fetch_unnest
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from kernel.ids import message_id_of
from kernel.shards import shard_of

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def count(database: Database) -> int:
    async with database.transaction() as connection:
        return int((await fetch_unnest(connection, "SELECT count(*) FROM outbox"))[0][0])


def test_headers_are_cloudevents_with_the_cause() -> None:
    with span("test"):
        cause = current_traceparent()
        message = OutboxMessage(aggregate="a1", version=3, event=PurchaseRefused(), at=AT)
        ident, _, _, subject, headers, _ = encode(message)

    assert parse_headers(headers) == {
        "Nats-Msg-Id": ident,
        "ce-specversion": "1.0",
        "ce-id": ident,
        "ce-source": "/hashtill/orders",
        "ce-type": "hashtill.orders.v1.PurchaseRefused",
        "ce-time": "2026-11-23T12:00:00+00:00",
        "ce-subject": "a1",
        "ce-aggregateversion": "3",
        "content-type": "application/protobuf",
        "traceparent": cause,
    }
    assert ident == str(message_id_of(aggregate="a1", version=3, event="hashtill.orders.v1.PurchaseRefused"))
    assert subject == f"hashtill.orders.v1.purchase_refused.{shard_of('a1')}"


def test_a_line_end_in_an_aggregate_cannot_add_a_header() -> None:
    headers = encode(OutboxMessage(aggregate="a\r\nEvil: 1", version=1, event=PurchaseRefused(), at=AT))[4]

    assert "Evil" not in parse_headers(headers)


def test_a_deleted_key_says_so() -> None:
    change = KeyValueChange(bucket="known_tags", key="Kindle", version=2, value=None)

    row = encode(change)

    assert row[3] == "$KV.known_tags.Kindle"
    assert parse_headers(row[4])["KV-Operation"] == "DEL"


async def test_the_same_fact_told_twice_is_a_bug(database: Database, facts: Callable[..., list[OutboxMessage]]) -> None:
    async with database.transaction() as connection:
        await add_outbox(connection, facts(["a"]))

    with pytest.raises(asyncpg.UniqueViolationError):
        async with database.transaction() as connection:
            await add_outbox(connection, facts(["a"]))

    assert await count(database) == 1


async def test_rebuilt_rows_that_are_there_already_are_skipped(
    database: Database, facts: Callable[..., list[OutboxMessage]]
) -> None:
    async with database.transaction() as connection:
        await add_outbox(connection, facts(["a"]))
        await add_outbox(connection, facts(["a", "b"]), skip_known=True)

    assert await count(database) == 2
