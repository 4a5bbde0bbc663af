"""Identity's transactions on PostgreSQL: one unit of every repository, and the database's clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.idempotency import PostgresRequests
from chassis.inbox import add_inbox
from chassis.outbox import add_outbox
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from identity.domain.events import LinkFact
from identity.outbound.messages import message_of
from identity.outbound.postgres_access import PostgresAuthorizations, PostgresGrants
from identity.outbound.postgres_cardmembers import PostgresCardmembers
from identity.outbound.postgres_links import PostgresLinks
from identity.outbound.seal import Seal


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

    async def add(self, facts: Sequence[LinkFact]) -> None:
        """Write facts to be told."""
        await add_outbox(self._connection, [message_of(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresUnit:
    """One transaction's repositories; `connection` is for the idempotency of single calls."""

    connection: AsyncConnection
    links: PostgresLinks
    cardmembers: PostgresCardmembers
    authorizations: PostgresAuthorizations
    grants: PostgresGrants
    inbox: PostgresInbox
    outbox: PostgresOutbox
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTransactions:
    """Opens transactions on identity's database."""

    database: Database
    seal: Seal

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnit]:
        """Begin one; `at` is the database's clock at its start."""
        async with self.database.transaction() as connection:
            yield await unit_of(connection, seal=self.seal)


async def unit_of(connection: AsyncConnection, *, seal: Seal) -> PostgresUnit:
    """Give the repositories of a transaction already begun."""
    rows = await fetch_unnest(connection, "SELECT now() AS at")
    return PostgresUnit(
        connection=connection,
        links=PostgresLinks(connection),
        cardmembers=PostgresCardmembers(connection),
        authorizations=PostgresAuthorizations(connection, seal=seal),
        grants=PostgresGrants(connection, seal=seal),
        inbox=PostgresInbox(connection),
        outbox=PostgresOutbox(connection),
        at=rows[0]["at"].astimezone(UTC),
    )


def requests_of(unit: PostgresUnit, scope: str) -> PostgresRequests:
    """Give the request ids of a transaction already begun."""
    return PostgresRequests(unit.connection, scope=scope)
