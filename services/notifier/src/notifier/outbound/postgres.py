"""The notifier's transactions on PostgreSQL: one unit of every repository, and the database's clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.inbox import add_inbox
from chassis.outbox import add_outbox
from chassis.postgres import Database
from notifier.domain.events import DeliveryFact
from notifier.outbound.messages import message_of
from notifier.outbound.postgres_deliveries import PostgresDeliveries
from notifier.outbound.postgres_quotas import PostgresQuotas, PostgresRefusals


class PostgresInbox:
    """Which messages already had their effect."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, message_ids: Sequence[str], *, consumer: str) -> set[str]:
        """Note messages; only those not noted before come back."""
        return await add_inbox(self._connection, consumer=consumer, message_ids=message_ids)


class PostgresOutbox:
    """What leaves the service."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, facts: Sequence[DeliveryFact]) -> None:
        """Write facts to be told."""
        await add_outbox(self._connection, [message_of(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresUnit:
    """One transaction's repositories."""

    deliveries: PostgresDeliveries
    refusals: PostgresRefusals
    quotas: PostgresQuotas
    inbox: PostgresInbox
    outbox: PostgresOutbox
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTransactions:
    """Opens transactions on the notifier's database."""

    database: Database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnit]:
        """Begin one; `at` is the database's clock at its start."""
        at = await self.database.now()
        async with self.database.transaction() as connection:
            yield PostgresUnit(
                deliveries=PostgresDeliveries(connection),
                refusals=PostgresRefusals(connection),
                quotas=PostgresQuotas(connection),
                inbox=PostgresInbox(connection),
                outbox=PostgresOutbox(connection),
                at=at,
            )
