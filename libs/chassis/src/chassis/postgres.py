"""PostgreSQL: one pool a process, and `transaction()`, which commits shielded and wakes the relay after the commit."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, cast

import asyncpg
import structlog
from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chassis.database_errors import scrub, scrub_driver_error
from kernel.secret import Secret

POOL_SIZE = 8
"""Connections a process: more only queue inside PostgreSQL, for work comes in batches (decision 0004)."""

POOL_WAIT_SECONDS = 5.0
"""A transaction that gets no connection this long fails: its caller is told BUSY and may try again."""

IDLE_IN_TRANSACTION_MS = 5_000
"""A transaction that stops talking holds locks and the horizon for everyone; PostgreSQL ends it."""

STATEMENT_TIMEOUT_MS = 10_000
"""No statement of a service runs longer: all are set-based on bounded batches."""

COMMIT_SECONDS_MAX = 10.0
"""A commit that has not answered by then is of unknown outcome; its connection is thrown away."""

CLOCK_KEPT_SECONDS = 5.0
"""The database clock is read again after this; in between the machine's steady clock carries it on."""

PLANS_BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Statements of ours go by key. A plan made while a table was empty is kept by its session, and reads the whole table
again and again until statistics come by, a minute and 100,000 rows later; so every plan is the one for a full table."""

_SESSION_ENDED = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)

_ANNOUNCED = "hashtill.announced"


class OutcomeUnknownError(Exception):
    """The connection was lost inside COMMIT: read again (inbox, request id) to learn whether it happened."""


class Database:
    """The service's own database; `open` it once after the fork, `close` it last."""

    def __init__(self, engine: AsyncEngine, *, dsn: Secret[str]) -> None:
        self.engine = engine
        self.dsn = dsn
        self._on_announced: list[Callable[[], None]] = []
        self._clock: tuple[datetime, float] | None = None

    @classmethod
    def open(
        cls,
        dsn: Secret[str],
        *,
        application_name: str,
        pool_size: int = POOL_SIZE,
        statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    ) -> "Database":
        """Prepare the pool without connecting; `answers` tells whether the database is there."""
        engine = create_async_engine(
            sqlalchemy_dsn(dsn),
            isolation_level="AUTOCOMMIT",  # transaction() speaks BEGIN and COMMIT itself, so raw and Core share one
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            hide_parameters=True,
            connect_args={
                "server_settings": session_settings(application_name, statement_timeout_ms=statement_timeout_ms)
                | PLANS_BY_KEY,
                "timeout": POOL_WAIT_SECONDS,
            },
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        event.listen(engine.sync_engine, "handle_error", scrub)
        return cls(engine, dsn=dsn)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Run one READ COMMITTED transaction: commit at the end of the block, roll back if it raises.

        Neither is torn by a cancellation: it is waited for first. Raises OutcomeUnknownError when the connection
        is lost inside COMMIT. What `add_outbox` wrote wakes the relay after the commit, never before.
        """
        connection = await self.engine.connect()
        try:
            raw = raw_connection(connection)
            connection.info.pop(_ANNOUNCED, None)
            await _begin(raw)
        except BaseException:
            await _settle(connection.close())
            raise
        try:
            yield connection
        except BaseException:
            await _settle(_closing(connection, _roll_back(raw)))
            raise
        announced = connection.info.pop(_ANNOUNCED, False)
        await _settle(_closing(connection, _commit(raw)))
        if announced:
            self._announce()

    async def answers(self) -> bool:
        """Ask once whether the database is there; raises what the driver says when it is not."""
        async with self.engine.connect() as connection:
            return bool((await connection.execute(text("SELECT true"))).scalar())

    async def now(self) -> datetime:
        """Read the database clock (UTC): the `at=` of everything not timed by a network; one round trip every 5 s."""
        if self._clock is None or monotonic() - self._clock[1] > CLOCK_KEPT_SECONDS:
            async with self.engine.connect() as connection:
                read = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            self._clock = (read, monotonic())
        return self.kept_now()

    def kept_now(self) -> datetime:
        """Give the database clock (UTC) as `now` read it last, carried on; for who cannot wait for it."""
        if self._clock is None:
            raise RuntimeError("The database clock is read by now() before it is kept.")
        return self._clock[0].astimezone(UTC) + timedelta(seconds=monotonic() - self._clock[1])

    def on_announced(self, wake: Callable[[], None]) -> None:
        """Call this after every commit that wrote outbox rows; the relay registers its `wake`."""
        self._on_announced.append(wake)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    def _announce(self) -> None:
        for wake in self._on_announced:
            wake()


def announce(connection: AsyncConnection) -> None:
    """Note that this transaction wrote outbox rows, so that its commit wakes the relay."""
    connection.info[_ANNOUNCED] = True


def raw_connection(connection: AsyncConnection) -> asyncpg.Connection:
    """Give asyncpg's own connection, inside the same transaction: set-based statements cost half there.

    Raises asyncpg's InterfaceError once it is closed or lost: a new one would be outside the transaction.
    """
    held = connection.sync_connection
    if held is None or held.closed or held.invalidated:
        raise asyncpg.InterfaceError("The connection is closed.")
    return cast("asyncpg.Connection", held.connection.driver_connection)


def session_settings(application_name: str, *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> dict[str, str]:
    """Give what every session of ours sets at the server."""
    return {
        "application_name": application_name,
        "default_transaction_isolation": "read committed",
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        "statement_timeout": str(statement_timeout_ms),
        "timezone": "UTC",
        "jit": "off",
    }


def sqlalchemy_dsn(dsn: Secret[str]) -> str:
    """Turn postgresql:// into the form SQLAlchemy takes for asyncpg."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+asyncpg://", dsn.reveal())


def asyncpg_dsn(dsn: Secret[str]) -> str:
    """Turn any postgresql address into the form asyncpg itself takes."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", dsn.reveal())


async def _begin(raw: asyncpg.Connection) -> None:
    try:
        await raw.execute("BEGIN")
    except BaseException:
        raw.terminate()  # whether it began is not known
        raise


async def _commit(raw: asyncpg.Connection) -> None:
    try:
        outcome = await raw.execute("COMMIT", timeout=COMMIT_SECONDS_MAX)
    except Exception as error:
        scrub_driver_error(error)
        if isinstance(error, asyncpg.PostgresError) and not isinstance(error, _SESSION_ENDED):
            raise
        raw.terminate()
        raise OutcomeUnknownError("The connection was lost while committing.") from error
    if outcome != "COMMIT":
        raise RuntimeError("PostgreSQL rolled back instead of committing: an error inside the block was swallowed.")


async def _roll_back(raw: asyncpg.Connection) -> None:
    try:
        await raw.execute("ROLLBACK", timeout=COMMIT_SECONDS_MAX)
    except Exception as error:  # noqa: BLE001 - however it fails, the server rolls back what the connection leaves
        structlog.get_logger().debug("rollback_left_to_the_server", cause=type(error).__name__)
        raw.terminate()


async def _closing(connection: AsyncConnection, step: Coroutine[Any, Any, None]) -> None:
    try:
        await step
    finally:
        await connection.close()


async def _settle(step: Coroutine[Any, Any, None]) -> None:
    """Finish a step even when this task is cancelled meanwhile, then let the cancellation through."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=COMMIT_SECONDS_MAX + 1)
        raise


def _refuse_closed(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    """Drop a pooled connection whose socket has ended (a restart) without asking the server about every one."""
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError
