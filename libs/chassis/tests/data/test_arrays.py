"""Arrays of a set-based statement: lists and tuples, told by their type alone."""

from typing import Any

import asyncpg
import pytest

from chassis.postgres import Database
from chassis.unnest import fetch_unnest


@pytest.mark.parametrize("given", [["a", "b"], ("a", "b"), []])
async def test_lists_and_tuples_are_arrays(database: Database, given: Any) -> None:
    async with database.transaction() as connection:
        (row,) = await fetch_unnest(connection, "SELECT $1::text[] AS given", given)

    assert row["given"] == list(given)


async def test_nothing_else_is_asked_whether_it_could_be_one(database: Database) -> None:
    with pytest.raises(asyncpg.DataError, match="does not fit its type"):
        async with database.transaction() as connection:
            await fetch_unnest(connection, "SELECT $1::text[] AS given", {"a", "b"})
