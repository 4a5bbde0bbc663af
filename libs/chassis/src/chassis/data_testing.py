"""Helpers for tests over real servers: wait for a condition, read a whole stream."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.pulling import Pull

LOOK_EVERY_SECONDS = 0.01
READ_AT_ONCE = 1_000
"""Messages read in one go; a test's stream is small."""


async def until(true: Callable[[], Awaitable[bool]], *, seconds_max: float = 15.0) -> None:
    """Wait for a condition; raises TimeoutError when it does not come."""
    async with asyncio.timeout(seconds_max):
        while not await true():  # noqa: ASYNC110 - what is waited for lies in a server that rings no bell
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def messages_of(client: Client, stream: str) -> list[Msg]:
    """Give everything a stream holds, in order."""
    config = {"name": f"reader-{secrets.token_hex(6)}", "ack_policy": "none", "mem_storage": True, "num_replicas": 1}
    pull = Pull(client, stream=stream, config=config, batch_max=READ_AT_ONCE)
    left = await pull.ensure()
    found: list[Msg] = []
    while len(found) < left:
        found.extend(await pull.take(wait_seconds=1))
    await pull.close()
    return found
