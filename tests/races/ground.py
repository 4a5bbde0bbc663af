"""The ground of a race: orders' use cases on PostgreSQL, a clock the race moves, peers that keep what they are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.orders.tests.conftest import OnPostgres
from services.orders.tests.orders_world import World

from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from kernel.ids import OrderId
from kernel.secret import Secret
from orders.domain.order import Order
from orders.domain.states import State
from orders.outbound.postgres import PostgresTransactions

POOL_SIZE = 24
"""Every consumer, clock and step runner may be in a transaction at once."""


@dataclass
class Ground:
    """The world, and when each order was first seen to expire."""

    world: World
    store: OnPostgres
    expired_at: dict[OrderId, datetime] = field(default_factory=dict)

    def note(self, saved: Sequence[Order]) -> None:
        """Take orders as they were saved."""
        for order in saved:
            if order.state is State.RELEASING and order.ends_as is State.EXPIRED:
                self.expired_at.setdefault(order.order_id, order.updated_at)


def ground_on(database: Database) -> Ground:
    """Lay it on a migrated database."""
    store = OnPostgres(database)
    grounds: list[Ground] = []

    def saved(orders: Sequence[Order]) -> None:
        for ground in grounds:
            ground.note(orders)
            ground.world.steps.offer(orders)

    store.transactions = PostgresTransactions(database, on_saved=saved, now=store.now)
    grounds.append(Ground(world=World(store=store, transactions=store.transactions), store=store))
    return grounds[0]


def migrate(dsn: str) -> None:
    """Bring a database to the newest schema."""
    asyncio.run(_migrate(dsn))


async def _migrate(dsn: str) -> None:
    await run_migrations(Secret(dsn), package="orders")
    database = Database.open(Secret(dsn), application_name="races")
    await Maintenance(database).run_once()
    await database.close()
