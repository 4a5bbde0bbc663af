"""The relay of the measurement, in a process of its own: chassis' relay and nothing else."""

import asyncio
from collections.abc import Mapping
from typing import Any

from chassis.jetstream import connect
from chassis.postgres import Database
from chassis.relay import Relay
from hashtill_cli.bench.beside import work_beside
from kernel.secret import Secret


async def relay_rows(plan: Mapping[str, Any], stop: asyncio.Event) -> Mapping[str, Any]:
    """Relay until stopped."""
    database = Database.open(Secret(plan["dsn"]), application_name="relay", pool_size=2)
    nats = await connect(Secret(plan["nats_url"]), name="relay")
    await Relay(database, nats).run(stop)
    await nats.close()
    await database.close()
    return {}


if __name__ == "__main__":
    work_beside(relay_rows)
