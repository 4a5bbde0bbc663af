"""What the consumer tests share: a consumer of ORDERS, a handler as services have it, and what it left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.dead_letters import DeadLetter, list_dead_letters
from chassis.inbox import add_inbox
from chassis.messages import ReceivedMessage
from chassis.outbox import OutboxMessage, add_outbox
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.unnest import execute_unnest, fetch_unnest
from hashtill.orders.v1.events_pb2 import PurchaseRefused

Facts = Callable[..., list[OutboxMessage]]
Handler = Callable[[Sequence[ReceivedMessage]], Any]
EFFECT = "INSERT INTO effect (message, handled) SELECT unnest($1::text[]), 'x'"
DURABLE = "test-orders"


def consumer_of(nats: Client, database: Database, handler: Handler, **options: Any) -> BatchConsumer:
    settings: dict[str, Any] = {"backoff_seconds": (0.05,), "failures_max": 3} | options
    return BatchConsumer(
        nats,
        database,
        stream="ORDERS",
        durable=DURABLE,
        subjects=["hashtill.orders.v1.>"],
        types=[PurchaseRefused],
        handler=handler,
        **settings,
    )


@asynccontextmanager
async def running(consumer: BatchConsumer) -> AsyncIterator[BatchConsumer]:
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer
    finally:
        stop.set()
        await task


async def publish(database: Database, nats: Client, messages: Sequence[OutboxMessage]) -> None:
    async with database.transaction() as connection:
        await add_outbox(connection, messages)
    relay = Relay(database, nats)
    while await relay.run_once():
        pass
    await relay.close()


def with_effect(database: Database, *, poison: str = "") -> Handler:
    """A handler as services have it: inbox and effect in one transaction; it raises at the poison."""

    async def handle(messages: Sequence[ReceivedMessage]) -> None:
        async with database.transaction() as connection:
            new = await add_inbox(connection, consumer=DURABLE, message_ids=[each.message_id for each in messages])
            names = [each.aggregate for each in messages if each.message_id in new]
            if poison in names:
                raise ZeroDivisionError(poison)
            await execute_unnest(connection, EFFECT, names)

    return handle


async def effects(database: Database) -> list[str]:
    async with database.transaction() as connection:
        return [row[0] for row in await fetch_unnest(connection, "SELECT message FROM effect ORDER BY id")]


async def dead(database: Database) -> list[DeadLetter]:
    async with database.transaction() as connection:
        return await list_dead_letters(connection)


async def settled(consumer: BatchConsumer) -> bool:
    return await consumer.pending() == 0
