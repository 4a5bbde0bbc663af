"""What the relay tests share: a relay that runs for a block, rows to relay, and whether any are left."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from chassis.outbox import OutboxMessage, Outgoing, add_outbox
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.unnest import fetch_unnest

Facts = Callable[..., list[OutboxMessage]]


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[Relay]:
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        stop.set()
        await task


async def announce(database: Database, messages: Sequence[Outgoing]) -> None:
    async with database.transaction() as connection:
        await add_outbox(connection, messages)


async def unpublished(database: Database) -> int:
    async with database.transaction() as connection:
        rows = await fetch_unnest(connection, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
    return int(rows[0][0])


async def none_left(database: Database) -> bool:
    return await unpublished(database) == 0
