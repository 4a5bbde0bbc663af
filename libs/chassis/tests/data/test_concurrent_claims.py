"""Two at once: of two copies of a message or a request exactly one has its effect."""

import asyncio
from datetime import UTC, datetime

from chassis.idempotency import FirstTime, PostgresRequests, Repeated
from chassis.inbox import add_inbox
from chassis.messages import inbox_id
from chassis.postgres import Database

IDS = [inbox_id(name=f"m{number}", at=datetime(2026, 11, 23, tzinfo=UTC)) for number in range(50)]


async def test_of_copies_taken_at_once_each_is_new_for_one_only(database: Database) -> None:
    async def take(order: list[str]) -> set[str]:
        async with database.transaction() as connection:
            return await add_inbox(connection, consumer="c", message_ids=order)

    taken = await asyncio.gather(*(take(IDS if number % 2 else IDS[::-1]) for number in range(8)))

    assert sorted(each for some in taken for each in some) == sorted(IDS)


async def test_a_copy_of_a_message_from_another_day_meets_its_first(database: Database) -> None:
    old = inbox_id(name="m", at=datetime(2026, 1, 1, tzinfo=UTC))
    async with database.transaction() as connection:
        first = await add_inbox(connection, consumer="c", message_ids=[old])

    async with database.transaction() as connection:
        again = await add_inbox(connection, consumer="c", message_ids=[old])

    assert (first, again) == ({old}, set())


async def test_a_request_sent_twice_at_once_is_done_once(database: Database) -> None:
    async def call() -> object:
        async with database.transaction() as connection:
            requests = PostgresRequests(connection, scope="s")
            claim = await requests.claim("r", contents=b"same")
            if isinstance(claim, FirstTime):
                await requests.answer("r", b"done")
            return claim

    claims = await asyncio.gather(*(call() for _ in range(6)))

    assert claims.count(FirstTime()) == 1
    assert claims.count(Repeated(response=b"done")) == 5
