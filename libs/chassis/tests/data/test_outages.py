"""Outages: what is away is told from what is wrong, for the first is waited out and the second is not."""

import asyncpg
import grpc
import pytest
from grpc import aio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.jetstream import JetStreamError
from chassis.outages import is_outage
from chassis.postgres import Database, OutcomeUnknownError
from chassis.unnest import execute_unnest


def rpc_error(code: grpc.StatusCode) -> aio.AioRpcError:
    return aio.AioRpcError(code, aio.Metadata(), aio.Metadata(), "", "")


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (ConnectionRefusedError(), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.IdleInTransactionSessionTimeoutError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (OutcomeUnknownError(), True),  # whether it was committed is seen when it is done again
        (rpc_error(grpc.StatusCode.UNAVAILABLE), True),
        (JetStreamError(code=503, error_code=0, description=""), True),
        (rpc_error(grpc.StatusCode.DEADLINE_EXCEEDED), False),
        (JetStreamError(code=400, error_code=0, description=""), False),
        (asyncpg.QueryCanceledError(), False),
        (asyncpg.UniqueViolationError(), False),
        (TimeoutError(), False),
        (KeyError(), False),
    ],
)
def test_an_error_is_an_outage_or_it_is_not(*, error: Exception, away: bool) -> None:
    assert is_outage(error) is away


async def test_a_value_the_driver_cannot_send_is_no_outage(database: Database) -> None:
    async def send() -> None:
        async with database.transaction() as connection:
            await execute_unnest(connection, "SELECT $1::int", "no number")

    with pytest.raises(asyncpg.DataError) as caught:
        await send()

    assert not is_outage(caught.value)


async def test_a_session_ended_by_the_server_is_an_outage(database: Database) -> None:
    async def end_itself() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises((DBAPIError, asyncpg.PostgresError)) as caught:
        await end_itself()

    assert is_outage(caught.value)
