"""The gateway's database: one transaction is one unit of work over the tables of `migrations`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.outbox import add_outbox
from chassis.postgres import Database
from gateway.outbound.announcing import messages_of
from gateway.outbound.kept_posts import PostgresKeptPosts
from gateway.outbound.positions import PostgresPositions
from gateway.outbound.prompts import PostgresPrompts
from gateway.outbound.watched_links import PostgresWatchedLinks
from gateway.usecases.ports import Telling
from kernel.ids import Network


class PostgresTransactions:
    """Begins units of work for one network."""

    def __init__(self, database: Database, *, network: Network) -> None:
        self._database, self._network = database, network

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["PostgresUnit"]:
        """Begin one; it commits at the end of the block and rolls back when the block raises."""
        at = await self._database.now()
        async with self._database.transaction() as connection:
            yield PostgresUnit(connection, network=self._network, at=at)


class PostgresUnit:
    """One transaction's tables."""

    def __init__(self, connection: AsyncConnection, *, network: Network, at: datetime) -> None:
        self.posts = PostgresKeptPosts(connection, network=network)
        self.positions = PostgresPositions(connection, network=network)
        self.prompts = PostgresPrompts(connection, network=network)
        self.links = PostgresWatchedLinks(connection, network=network)
        self.outbox = PostgresOutbox(connection, network=network, at=at)


class PostgresOutbox:
    """Writes tellings as outbox rows; `at` is the database's clock."""

    def __init__(self, connection: AsyncConnection, *, network: Network, at: datetime) -> None:
        self._connection, self._network, self._at = connection, network, at

    async def add(self, tellings: Sequence[Telling]) -> None:
        """Write the rows in order; the commit wakes the relay."""
        await add_outbox(self._connection, list(messages_of(tellings, network=self._network, read_at=self._at)))
