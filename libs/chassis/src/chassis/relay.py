"""The relay: carries the outbox to JetStream, one active relay a database; the broker is only a cache of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.jetstream import STREAMS, StreamSpec
from chassis.outbox import KeyValueChange
from chassis.postgres import Database

Rebuild: TypeAlias = Callable[[AsyncConnection], Awaitable[Sequence[KeyValueChange]]]


class Relay:
    """Publishes outbox rows in order; survives restarts of PostgreSQL and NATS, and the loss of a stream."""

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        streams: Sequence[StreamSpec] = STREAMS,
        rebuild: Mapping[str, Rebuild] | None = None,
        replicas: int = 1,
    ) -> None:
        raise NotImplementedError

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until stopped, standing by while another relay is active."""

    async def run_once(self) -> int:
        """Publish what is waiting now, at most 500 rows; gives how many were published."""
        raise NotImplementedError

    def wake(self) -> None:
        """Look at the outbox now."""
