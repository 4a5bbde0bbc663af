"""Maintenance: partitions come before their day and go after their time; nothing unpublished ever goes."""

from datetime import UTC, date, datetime, timedelta

from chassis.inbox import add_inbox
from chassis.maintenance import Maintenance
from chassis.messages import inbox_id
from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest

TODAY = date(2027, 3, 10)
PUT = """
INSERT INTO outbox (msg_id, aggregate, version, subject, headers, body, created_day, published_at, stream_seq)
SELECT $1, 'a', 1, 's', '', '', $2, CASE WHEN $3 THEN now() END, CASE WHEN $3 THEN 1 END
"""


async def partitions(database: Database, table: str) -> list[str]:
    async with database.transaction() as connection:
        rows = await fetch_unnest(
            connection,
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY 1",
            table,
        )
    return [row[0] for row in rows]


async def put(database: Database, name: str, *, day: date, published: bool) -> None:
    async with database.transaction() as connection:
        await execute_unnest(connection, PUT, name, day, published)


async def where_is(database: Database, name: str) -> list[str]:
    async with database.transaction() as connection:
        return [
            row[0]
            for row in await fetch_unnest(
                connection, "SELECT tableoid::regclass::text FROM outbox WHERE msg_id = $1", name
            )
        ]


async def test_tomorrow_has_its_partitions_today(fresh_tables: Database) -> None:
    await Maintenance(fresh_tables).run_once(today=TODAY)

    assert {"outbox_20270310", "outbox_20270311", "outbox_20270312"} <= set(await partitions(fresh_tables, "outbox"))
    assert {"inbox_20270310", "inbox_20270311", "inbox_20270312"} <= set(await partitions(fresh_tables, "inbox"))


async def test_a_second_tick_changes_nothing(fresh_tables: Database) -> None:
    await Maintenance(fresh_tables).run_once(today=TODAY)
    before = await partitions(fresh_tables, "outbox")

    await Maintenance(fresh_tables).run_once(today=TODAY)

    assert await partitions(fresh_tables, "outbox") == before


async def test_rows_that_came_before_their_partition_move_into_it(fresh_tables: Database) -> None:
    await put(fresh_tables, "early", day=TODAY, published=True)
    before = await where_is(fresh_tables, "early")

    await Maintenance(fresh_tables).run_once(today=TODAY)

    assert (before, await where_is(fresh_tables, "early")) == (["outbox_rest"], ["outbox_20270310"])


async def test_old_partitions_go_but_never_with_an_unpublished_row(fresh_tables: Database) -> None:
    await Maintenance(fresh_tables).run_once(today=TODAY)
    await put(fresh_tables, "sent", day=TODAY, published=True)
    await put(fresh_tables, "waiting", day=TODAY + timedelta(days=1), published=False)

    await Maintenance(fresh_tables).run_once(today=TODAY + timedelta(days=9))

    assert await where_is(fresh_tables, "sent") == []
    assert await where_is(fresh_tables, "waiting") == ["outbox_20270311"]


async def test_the_inbox_outlives_the_outbox(fresh_tables: Database) -> None:
    ident = inbox_id(name="m", at=datetime(2027, 3, 10, tzinfo=UTC))
    await Maintenance(fresh_tables).run_once(today=TODAY)
    async with fresh_tables.transaction() as connection:
        await add_inbox(connection, consumer="c", message_ids=[ident])

    await Maintenance(fresh_tables).run_once(today=TODAY + timedelta(days=14))
    async with fresh_tables.transaction() as connection:
        after_14 = await add_inbox(connection, consumer="c", message_ids=[ident])
    await Maintenance(fresh_tables).run_once(today=TODAY + timedelta(days=15))

    assert after_14 == set()
    assert "inbox_20270310" not in await partitions(fresh_tables, "inbox")


async def test_requests_are_forgotten_after_their_time(fresh_tables: Database) -> None:
    async with fresh_tables.transaction() as connection:
        await execute_unnest(
            connection,
            "INSERT INTO idempotency (scope, request_id, request_hash, at) "
            "VALUES ('s', 'old', '', now() - interval '15 days'), ('s', 'new', '', now())",
        )

    await Maintenance(fresh_tables).run_once()

    async with fresh_tables.transaction() as connection:
        left = await fetch_unnest(connection, "SELECT request_id FROM idempotency")
    assert [row[0] for row in left] == ["new"]
