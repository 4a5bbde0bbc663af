"""One suite for the ports in memory and in PostgreSQL: inbox, outbox and request ids keep the same promises."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from chassis.idempotency import FirstTime, PostgresRequests, Repeated, contents_of
from chassis.inbox import PostgresInbox
from chassis.memory import MemoryInbox, MemoryOutbox, MemoryRequests, MemoryTable, MemoryTransactions
from chassis.messages import inbox_id
from chassis.outbox import OutboxMessage, PostgresOutbox
from chassis.postgres import Database
from kernel.refusals import Refusal, RefusalKind

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FIRST, SECOND = inbox_id(name="m1", at=AT), inbox_id(name="m2", at=AT)
THIS, OTHER = contents_of(StringValue(value="this")), contents_of(StringValue(value="other"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    inbox: Any
    outbox: Any
    requests: Any


Begin = Callable[[], AbstractAsyncContextManager[Unit]]
Facts = Callable[..., list[OutboxMessage]]


@pytest.fixture(params=["memory", "postgres"])
def begin(request: pytest.FixtureRequest, database: Database) -> Begin:
    if request.param == "memory":
        return _memory()

    @asynccontextmanager
    async def begin_postgres() -> AsyncIterator[Unit]:
        async with database.transaction() as connection:
            yield Unit(
                inbox=PostgresInbox(connection, consumer="c"),
                outbox=PostgresOutbox(connection),
                requests=PostgresRequests(connection, scope="s"),
            )

    return begin_postgres


def _memory() -> Begin:
    inbox, outbox, requests = MemoryInbox(), MemoryOutbox(), MemoryRequests()
    unit = Unit(inbox=inbox, outbox=outbox, requests=requests)
    return MemoryTransactions(lambda: unit, parts=[inbox, outbox, requests]).begin


async def test_an_id_is_new_once(begin: Begin) -> None:
    async with begin() as unit:
        first = await unit.inbox.add([FIRST, FIRST])
    async with begin() as unit:
        second = await unit.inbox.add([FIRST, SECOND])

    assert (first, second) == ({FIRST}, {SECOND})


async def test_an_id_whose_effect_failed_is_new_again(begin: Begin) -> None:
    with suppress(LookupError):
        async with begin() as unit:
            await unit.inbox.add([FIRST])
            raise LookupError

    async with begin() as unit:
        assert await unit.inbox.add([FIRST]) == {FIRST}


async def test_an_id_without_its_day_is_a_bug(begin: Begin) -> None:
    with pytest.raises(ValueError, match="inbox_id"):
        async with begin() as unit:
            await unit.inbox.add(["m1"])


async def test_no_ids_are_no_ids(begin: Begin) -> None:
    async with begin() as unit:
        assert await unit.inbox.add([]) == set()
        await unit.outbox.add([])


async def test_a_fact_is_announced_once(begin: Begin, facts: Facts) -> None:
    async with begin() as unit:
        await unit.outbox.add(facts(["a", "b"]))

    with pytest.raises((ValueError, asyncpg.UniqueViolationError)):
        async with begin() as unit:
            await unit.outbox.add(facts(["b"]))


async def test_a_repeated_request_gets_the_first_answer(begin: Begin) -> None:
    async with begin() as unit:
        first = await unit.requests.claim("r", contents=THIS)
        await unit.requests.answer("r", b"answer")
    async with begin() as unit:
        second = await unit.requests.claim("r", contents=THIS)

    assert (first, second) == (FirstTime(), Repeated(response=b"answer"))


async def test_a_request_id_with_other_contents_is_refused(begin: Begin) -> None:
    async with begin() as unit:
        await unit.requests.claim("r", contents=THIS)
        await unit.requests.answer("r", b"answer")
    async with begin() as unit:
        refusal = await unit.requests.claim("r", contents=OTHER)

    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.reason) == (RefusalKind.CONFLICT, "REQUEST_ID_REUSED")


async def test_a_request_that_failed_may_come_again(begin: Begin) -> None:
    with suppress(LookupError):
        async with begin() as unit:
            await unit.requests.claim("r", contents=THIS)
            raise LookupError

    async with begin() as unit:
        assert await unit.requests.claim("r", contents=OTHER) == FirstTime()


async def test_a_memory_unit_that_raises_puts_every_part_back() -> None:
    table: MemoryTable[str, int] = MemoryTable(a=1)
    transactions = MemoryTransactions(lambda: table, parts=[table])

    with suppress(LookupError):
        async with transactions.begin() as unit:
            unit["b"] = 2
            del unit["a"]
            raise LookupError

    assert table == {"a": 1}
