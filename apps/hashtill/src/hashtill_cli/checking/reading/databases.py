"""The databases as the checker reads them: read-only transactions, rows as records, ranges and cursors for pages."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from typing import Any, TypeVar

import asyncpg

CONNECT_SECONDS_MAX = 10.0
STATEMENT_TIMEOUT_MS = 120_000
"""A page or a sorted cursor over a million rows takes seconds; a checker that waits longer is itself a problem."""

CURSOR_ROWS = 2_000

_SETTINGS = {"application_name": "hashtill check", "statement_timeout": str(STATEMENT_TIMEOUT_MS), "jit": "off"}

T = TypeVar("T")


class Book:
    """One service's database, read only; a connection that was lost is made again by the next who reads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None

    async def close(self) -> None:
        """End the connection, if there is one."""
        if self._connection is not None:
            await self._connection.close()

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[asyncpg.Connection]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS_MAX, server_settings=_SETTINGS)
        async with self._connection.transaction(readonly=True):
            yield self._connection

    async def rows(self, row_type: type[T], statement: str, *arguments: object) -> list[T]:
        """Read records; `{columns}` in the statement stands for the record's fields."""
        async with self._snapshot() as connection:
            found = await connection.fetch(_with_columns(statement, row_type), *arguments)
        return [row_type(**row) for row in found]

    async def pages(self, row_type: type[T], statement: str, *arguments: object) -> AsyncIterator[Sequence[T]]:
        """Read many records of one snapshot, CURSOR_ROWS at a time."""
        async with self._snapshot() as connection:
            cursor = await connection.cursor(_with_columns(statement, row_type), *arguments)
            while rows := await cursor.fetch(CURSOR_ROWS):
                yield [row_type(**row) for row in rows]

    async def records(self, statement: str, *arguments: object) -> Sequence[Mapping[str, Any]]:
        """Read rows as they are."""
        async with self._snapshot() as connection:
            return [dict(row) for row in await connection.fetch(statement, *arguments)]

    async def record_pages(self, statement: str) -> AsyncIterator[Sequence[Sequence[Any]]]:
        """Read many rows as they are, CURSOR_ROWS at a time."""
        async with self._snapshot() as connection:
            cursor = await connection.cursor(statement)
            while rows := await cursor.fetch(CURSOR_ROWS):
                yield [tuple(row.values()) for row in rows]


@asynccontextmanager
async def open_books(databases: Mapping[str, str]) -> AsyncIterator[Mapping[str, Book]]:
    """Give every service's database, each connected to when it is first read."""
    async with AsyncExitStack() as stack:
        books = {}
        for service, dsn in databases.items():
            books[service] = Book(dsn)
            stack.push_async_callback(books[service].close)
        yield books


def _with_columns(statement: str, row_type: type[Any]) -> str:
    return statement.replace("{columns}", ", ".join(each.name for each in fields(row_type)))
