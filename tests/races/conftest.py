"""Fixtures of the races: a database of orders' own, built by the real migrations."""

from collections.abc import AsyncIterator

import pytest
from tests.races.ground import POOL_SIZE, migrate

from chassis.postgres import Database
from hashtill_cli.testing import FreshDatabase
from kernel.secret import Secret


@pytest.fixture
def races_dsn(fresh_database: FreshDatabase) -> str:
    return fresh_database("races", migrate)


@pytest.fixture
async def races_database(races_dsn: str) -> AsyncIterator[Database]:
    database = Database.open(Secret(races_dsn), application_name="races", pool_size=POOL_SIZE)
    yield database
    await database.close()
