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

T = TypeVar("T")


class Book:
    """One service's database, read only."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, row_type: type[T], statement: str, *arguments: object) -> list[T]:
        """Read records; `{columns}` in the statement stands for the record's fields."""
        async with self._connection.transaction(readonly=True):
            found = await self._connection.fetch(_with_columns(statement, row_type), *arguments)
        return [row_type(**row) for row in found]

    async def pages(self, row_type: type[T], statement: str, *arguments: object) -> AsyncIterator[Sequence[T]]:
        """Read many records of one snapshot, CURSOR_ROWS at a time."""
        async with self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(_with_columns(statement, row_type), *arguments)
            while rows := await cursor.fetch(CURSOR_ROWS):
                yield [row_type(**row) for row in rows]

    async def records(self, statement: str, *arguments: object) -> Sequence[Mapping[str, Any]]:
        """Read rows as they are."""
        async with self._connection.transaction(readonly=True):
            return [dict(row) for row in await self._connection.fetch(statement, *arguments)]

    async def record_pages(self, statement: str) -> AsyncIterator[Sequence[Sequence[Any]]]:
        """Read many rows as they are, CURSOR_ROWS at a time."""
        async with self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(statement)
            while rows := await cursor.fetch(CURSOR_ROWS):
                yield [tuple(row.values()) for row in rows]


@asynccontextmanager
async def open_books(databases: Mapping[str, str]) -> AsyncIterator[Mapping[str, Book]]:
    """Open every service's database."""
    settings = {"application_name": "hashtill check", "statement_timeout": str(STATEMENT_TIMEOUT_MS), "jit": "off"}
    async with AsyncExitStack() as stack:
        books = {}
        for service, dsn in databases.items():
            connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS_MAX, server_settings=settings)
            stack.push_async_callback(connection.close)
            books[service] = Book(connection)
        yield books


def _with_columns(statement: str, row_type: type[Any]) -> str:
    return statement.replace("{columns}", ", ".join(each.name for each in fields(row_type)))
