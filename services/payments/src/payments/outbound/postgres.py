"""Payments' transactions on PostgreSQL: one unit of every repository, and the database's clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.idempotency import PostgresRequests
from chassis.outbox import add_outbox
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from payments.domain.events import Fact
from payments.outbound.messages import message_of
from payments.outbound.postgres_cards import PostgresCards, PostgresCardSessions
from payments.outbound.postgres_charges import PostgresCharges, PostgresLedger, PostgresOperations
from payments.outbound.vault import Vault


class PostgresOutbox:
    """What leaves the service."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, facts: Sequence[Fact]) -> None:
        """Write facts to be told."""
        await add_outbox(self._connection, [message_of(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresUnit:
    """One transaction's repositories; `connection` is for the idempotency of single calls."""

    connection: AsyncConnection
    cards: PostgresCards
    sessions: PostgresCardSessions
    charges: PostgresCharges
    operations: PostgresOperations
    ledger: PostgresLedger
    outbox: PostgresOutbox
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTransactions:
    """Opens transactions on payments' database."""

    database: Database
    vault: Vault

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnit]:
        """Begin one; `at` is the database's clock at its start."""
        async with self.database.transaction() as connection:
            rows = await fetch_unnest(connection, "SELECT now() AS at")
            yield PostgresUnit(
                connection=connection,
                cards=PostgresCards(connection, vault=self.vault),
                sessions=PostgresCardSessions(connection),
                charges=PostgresCharges(connection),
                operations=PostgresOperations(connection),
                ledger=PostgresLedger(connection),
                outbox=PostgresOutbox(connection),
                at=rows[0]["at"].astimezone(UTC),
            )


def requests_of(unit: PostgresUnit, scope: str) -> PostgresRequests:
    """Give the request ids of a transaction already begun."""
    return PostgresRequests(unit.connection, scope=scope)
