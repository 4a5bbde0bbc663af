"""Mails wait in a queue of their own: who posts does not read past them."""

from dataclasses import replace
from datetime import timedelta

from services.notifier.tests.notifier_world import World, cause, link_news, order_news

from chassis.postgres import Database
from chassis.unnest import fetch_unnest
from notifier.domain.delivery import Channel
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.outbound.postgres import PostgresTransactions
from notifier.outbound.postgres_deliveries import PostgresDeliveries

MAILS = 12
LEASE = timedelta(seconds=30)

_READ = "SELECT seq_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'delivery'"


async def test_a_batch_of_posts_reads_no_mail_that_waits(postgres: PostgresTransactions, database: Database) -> None:
    world = World(postgres)
    frozen = link_news(LinkNewsKind.FROZEN)
    await world.hear(*(replace(frozen, cause=cause(f"frozen {place}")) for place in range(MAILS)))
    await world.hear(order_news(OrderNewsKind.HELD))

    async with database.transaction() as connection:
        deliveries = PostgresDeliveries(connection)
        posts = await deliveries.lease([Channel.POST, Channel.REPLY], limit=100, lease_time=LEASE)
        (read,) = await fetch_unnest(connection, _READ)
        mails = await deliveries.lease([Channel.MAIL], limit=100, lease_time=LEASE)

    assert (len(posts), len(mails)) == (1, MAILS)
    assert (read["seq_scan"], read["idx_tup_fetch"]) == (0, 2)  # the reply, found and locked, then written
