"""The writers: a process of their own that writes outbox rows as fast as the relay takes them."""

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import Any

from chassis.jetstream import connect
from chassis.outbox import add_outbox
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.unnest import fetch_unnest
from hashtill_cli.bench.beside import until, work_beside
from hashtill_cli.bench.relay.events import events
from hashtill_cli.bench.relay.load import STREAM, RelayLoad
from kernel.secret import Secret

LOOK_SECONDS = 0.02
"""How often the writers see how far the relay is."""

_MARKED = "SELECT last_sequence FROM relay_stream WHERE stream = $1"


class Writers:
    """Writes batches in transactions, never further ahead of the relay than allowed."""

    def __init__(self, load: RelayLoad, *, database: Database) -> None:
        self._load, self._database = load, database
        self._written = self._marked = 0
        self._room = asyncio.Event()
        self._room.set()

    async def write(self, stop: asyncio.Event) -> None:
        """Be one writer until stopped."""
        told = events(at=await self._database.now())
        while not stop.is_set():
            await self._room.wait()
            async with self._database.transaction() as connection:
                await add_outbox(connection, list(islice(told, self._load.batch)))
            self._written += self._load.batch
            self._see_room()

    async def look(self) -> None:
        """See how far the relay is; its stream is new, so its last sequence counts what is stored and marked."""
        async with self._database.transaction() as connection:
            rows = await fetch_unnest(connection, _MARKED, STREAM)
        self._marked = rows[0]["last_sequence"] if rows else 0
        self._see_room()

    def make_room(self) -> None:
        """Let every writer see that it is to stop."""
        self._room.set()

    @property
    def written(self) -> int:
        """Count what was committed."""
        return self._written

    def _see_room(self) -> None:
        if self._written - self._marked < self._load.ahead_max:
            self._room.set()
        else:
            self._room.clear()


async def write_rows(plan: Mapping[str, Any], stop: asyncio.Event) -> Mapping[str, Any]:
    """Write until stopped, with a relay standing by as every process of a service has one: it wakes the active one."""
    load = RelayLoad(**plan["load"])
    database = Database.open(Secret(plan["dsn"]), application_name="writers", pool_size=load.writers + 2)
    nats = await connect(Secret(plan["nats_url"]), name="writers")
    standing_by, writers = Relay(database, nats), Writers(load, database=database)
    looking = asyncio.create_task(until(stop, pause_seconds=LOOK_SECONDS, look=writers.look))
    working = [asyncio.create_task(writers.write(stop)) for _ in range(load.writers)]
    working.append(asyncio.create_task(standing_by.run(stop)))
    await looking
    writers.make_room()
    await asyncio.gather(*working)
    await nats.close()
    await database.close()
    return {"written": writers.written}


if __name__ == "__main__":
    work_beside(write_rows)
