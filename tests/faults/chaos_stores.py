"""Blows at what is stored: the broker's store deleted or cut short under it, and disks that are full."""

import asyncio
import errno
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg
import nats.errors
from tests.faults.chaos_blows import Blow, Promise
from tests.faults.chaos_ground import ChaosError, Ground

from chassis.jetstream import KNOWN_TAGS, STREAMS, JetStreamError, connect, stream_state
from chassis.lifecycle import NotThereError
from kernel.secret import Secret

DELETED_SECONDS = 3.0
"""So long the server goes on over a store that is not there, before it dies of it."""

FULL_SECONDS = 10.0

REBUILT_SECONDS_MAX, REBUILT_A_SECOND_LEAST = 60.0, 2_000
"""A rebuild may take so long, and longer by its size: relays under load send some 5,000 events a second again."""

LOOK_SECONDS = 0.5

CUT_BYTES = (1, 300, 4_096, 65_536)
"""A torn message, a message, a page, many."""

EVENTS = tuple(spec.name for spec in STREAMS if spec != KNOWN_TAGS and spec.name != "ADVISORIES")
"""Streams whose messages are an outbox's rows, one each."""

_TOLD = "SELECT stream, count(*) AS told FROM outbox WHERE published_at IS NOT NULL GROUP BY stream"
_UNTOLD = "SELECT count(*) FROM outbox WHERE published_at IS NULL AND created_at < now() - interval '3 s'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outboxes:
    """How many old rows wait to be told, and how many were told to each stream."""

    were_read: bool = False
    untold: int = 0
    told: Mapping[str, int] = field(default_factory=dict)

    @property
    def are_told(self) -> bool:
        """Tell whether nothing old waits."""
        return self.were_read and not self.untold


def store_blows() -> Iterator[Blow]:
    """Give the blows at the broker's store."""
    yield Blow(name="JetStream store deleted", strike=_store_deleted, promise=Promise.REBUILT)
    for stream in EVENTS:
        strike = partial(_tail_cut, stream=stream)
        yield Blow(name="tail of a stream cut off", strike=strike, promise=Promise.REBUILT)


def disk_blows(folders: Mapping[str, Path]) -> Iterator[Blow]:
    """Give a blow for each server whose files are on a small disk of their own."""
    for server, folder in folders.items():
        yield Blow(name=f"disk of {server} full", strike=partial(_full, folder=folder), promise=Promise.REBUILT)


async def _store_deleted(ground: Ground) -> str:
    shutil.rmtree(ground.data / "nats" / "jetstream", ignore_errors=True)
    await asyncio.sleep(DELETED_SECONDS)
    await _nats_dies(ground)
    return await _rebuilt(ground)


async def _tail_cut(ground: Ground, *, stream: str) -> str:
    ground.signal("nats", signal.SIGSTOP)
    blocks = (ground.data / "nats" / "jetstream").rglob(f"streams/{stream}/msgs/*.blk")
    newest = max(blocks, key=lambda block: int(block.stem))
    os.truncate(newest, max(0, newest.stat().st_size - ground.chance.choice(CUT_BYTES)))
    await _nats_dies(ground)
    return await _rebuilt(ground)


async def _nats_dies(ground: Ground) -> None:
    before = ground.pid("nats")
    ground.kill("nats")
    await ground.reborn("nats", after=before)


async def _full(ground: Ground, *, folder: Path) -> str:
    filler = folder / "filler"
    try:
        await asyncio.to_thread(_fill, filler)
        for _ in range(int(FULL_SECONDS)):
            await asyncio.sleep(1)
            await asyncio.to_thread(_fill, filler)
    finally:
        filler.unlink(missing_ok=True)
    return await _rebuilt(ground)


def _fill(filler: Path) -> None:
    """Take what is left, to the last byte."""
    with filler.open("ab", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise


async def _rebuilt(ground: Ground) -> str:
    """Wait until every stream holds what the outboxes told, and say how much that is. Raises ChaosError."""
    began_at, left = asyncio.get_running_loop().time(), REBUILT_SECONDS_MAX
    outboxes, stored = Outboxes(), dict[str, int]()
    while (took := asyncio.get_running_loop().time() - began_at) < left:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, nats.errors.Error, NotThereError, JetStreamError):
            outboxes, stored = await _outboxes(ground), await _stored(ground)
            left = REBUILT_SECONDS_MAX + (outboxes.untold + sum(outboxes.told.values())) / REBUILT_A_SECOND_LEAST
        if outboxes.are_told and all(stored.get(name, 0) >= count for name, count in outboxes.told.items()):
            return f"{sum(outboxes.told.values())} events rebuilt in {took:.0f} s"
        await asyncio.sleep(LOOK_SECONDS)
    raise ChaosError(f"not rebuilt after {left:.0f} s: {outboxes}, stored {stored}")


async def _outboxes(ground: Ground) -> Outboxes:
    """Read them all, one after the other."""
    untold, told = 0, dict[str, int]()
    for dsn in ground.book.databases.values():
        connection = await asyncpg.connect(dsn, timeout=3)
        try:
            untold += await connection.fetchval(_UNTOLD)
            told |= {row["stream"]: row["told"] for row in await connection.fetch(_TOLD) if row["stream"] in EVENTS}
        finally:
            await connection.close()
    return Outboxes(were_read=True, untold=untold, told=told)


async def _stored(ground: Ground) -> dict[str, int]:
    client = await connect(Secret(ground.book.nats_url), name="chaos", wait_seconds=5)
    try:
        states = {name: await stream_state(client, name) for name in EVENTS}
    finally:
        await client.close()
    return {name: state[1] for name, state in states.items() if state is not None}
