"""Outages: errors that mean "not there just now", to be waited out without blaming what was being done."""

import asyncpg
import grpc
import nats.errors
from grpc import aio
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from chassis.jetstream import JetStreamError
from chassis.postgres import OutcomeUnknownError

_SERVER_ERROR = 500

_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # what asyncpg says when the server's farewell crosses a statement
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,  # we stood still too long: rolled back, and the session is gone
    asyncpg.InvalidAuthorizationSpecificationError,
    PoolTimeoutError,
    OutcomeUnknownError,
    nats.errors.Error,
)


def is_outage(error: BaseException) -> bool:
    """Tell whether the database, NATS or a peer is away; a statement or call that is merely slow is not."""
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)  # the same class says "connection is closed" and "your argument is no number"
    if isinstance(error, aio.AioRpcError):
        return error.code() is grpc.StatusCode.UNAVAILABLE
    if isinstance(error, JetStreamError):
        return error.code >= _SERVER_ERROR
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _driver_is_away(error)
    return isinstance(error, _AWAY) and not isinstance(error, TimeoutError | asyncpg.QueryCanceledError)


def _driver_is_away(error: DBAPIError) -> bool:
    cause = error.orig.__cause__ if error.orig is not None else None
    return cause is not None and is_outage(cause)
