"""Offers' transactions on PostgreSQL: one unit of every repository, and the database's clock."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.idempotency import PostgresRequests
from chassis.outbox import KeyValueChange, add_outbox
from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from offers.domain.events import OfferFact
from offers.outbound.facts import known_tag_change, outgoing
from offers.outbound.postgres_holds import PostgresHolds
from offers.outbound.postgres_known_tags import PostgresKnownTags
from offers.outbound.postgres_merchants import PostgresMerchants
from offers.outbound.postgres_offers import PostgresOffers

_BEGIN = "SELECT now() AS at"


class PostgresOutbox:
    """What leaves the service."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, facts: Sequence[OfferFact]) -> None:
        """Write facts to be told."""
        await add_outbox(self._connection, [outgoing(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresUnit:
    """One transaction's repositories; `connection` is for the idempotency of single calls."""

    connection: AsyncConnection
    merchants: PostgresMerchants
    offers: PostgresOffers
    holds: PostgresHolds
    known_tags: PostgresKnownTags
    outbox: PostgresOutbox
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTransactions:
    """Opens transactions on offers' database; `committed` is called after each commit."""

    database: Database
    committed: Callable[[], None] = field(default=lambda: None)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnit]:
        """Begin one; `at` is the database's clock at its start."""
        async with self.database.transaction() as connection:
            yield await unit_of(connection)
        self.committed()


async def unit_of(connection: AsyncConnection) -> PostgresUnit:
    """Give the repositories of a transaction already begun."""
    rows = await fetch_unnest(connection, _BEGIN)
    return PostgresUnit(
        connection=connection,
        merchants=PostgresMerchants(connection),
        offers=PostgresOffers(connection),
        holds=PostgresHolds(connection),
        known_tags=PostgresKnownTags(connection),
        outbox=PostgresOutbox(connection),
        at=rows[0]["at"].astimezone(UTC),
    )


def requests_of(unit: PostgresUnit, scope: str) -> PostgresRequests:
    """Give the request ids of a transaction already begun."""
    return PostgresRequests(unit.connection, scope=scope)


async def rebuild_known_tags(connection: AsyncConnection) -> Sequence[KeyValueChange]:
    """Give every key of the bucket, for a relay that found it lost."""
    return [known_tag_change(known) for known in await PostgresKnownTags(connection).all_known()]
