"""Polls: a worker's tick runs when its table says there is something; every poll in between would find nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from grpc import aio
from tests.simulation.database import Database, Due
from tests.simulation.stage import Life

from chassis.outages import is_outage

POLL_SECONDS = 0.25
FRUITLESS_SECONDS_MAX = 8.0
"""A tick that changes nothing is looked at again after a poll, then more and more rarely: it waits for others."""


async def poll(life: Life, database: Database, tick: Callable[[], Awaitable[object]], due: Due, *, name: str) -> None:
    """Run a worker's ticks until the process dies; one that meets an outage comes again, as a supervised one does."""
    follower, fruitless = database.follow(life, due), 0
    while True:
        at = follower.look()
        if at is None:
            await follower.changed.wait()
            continue
        wait = (at - life.node.now()).total_seconds()
        if wait > 0:
            await follower.changed.wait(wait + POLL_SECONDS * life.stage.draw())
            continue
        await _tick(life, tick, name)
        fruitless = fruitless + 1 if due() == at else 0
        if fruitless:
            await asyncio.sleep(min(POLL_SECONDS * 2**fruitless, FRUITLESS_SECONDS_MAX))


async def _tick(life: Life, tick: Callable[[], Awaitable[object]], name: str) -> None:
    try:
        await tick()
    except Exception as error:  # noqa: BLE001 - what supervise catches too
        if not (is_outage(error) or isinstance(error, aio.AioRpcError)):
            life.stage.bug(f"{life.node.name} {name}", error)
        await asyncio.sleep(POLL_SECONDS)


def soonest(moments: list[datetime | None]) -> datetime | None:
    """Give the earliest that is known."""
    return min((each for each in moments if each is not None), default=None)
