"""The lease: of all replicas one does a thing; PostgreSQL frees it the moment its holder's connection is gone."""

import asyncpg

from chassis.postgres import asyncpg_dsn, session_settings
from chassis.relay_session import KEEPALIVE
from kernel.secret import Secret

_SPACE = 0x6861_7368
"""Advisory locks of two numbers: "hash", then one a thing; no other lock of the suite has two."""

ASK_SECONDS_MAX = 2.0
"""A database that does not answer this long may already have given the lease to another replica."""

_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class PostgresLease:
    """Holds one session advisory lock, by name, on a connection of its own."""

    def __init__(self, dsn: Secret[str], *, name: str) -> None:
        self._dsn, self._name = dsn, name
        self._connection: asyncpg.Connection | None = None

    async def take(self) -> bool:
        """Try to hold the lease; False when another replica does or the database does not answer."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            return bool(
                await self._connection.fetchval(
                    "SELECT pg_try_advisory_lock($1, hashtext($2))", _SPACE, self._name, timeout=ASK_SECONDS_MAX
                )
            )
        except _LOST:
            return False

    async def _connect(self) -> asyncpg.Connection:
        """Connect so that a holder whose machine vanished without a word is missed within seconds, not hours."""
        settings = session_settings(f"lease {self._name}") | KEEPALIVE
        return await asyncpg.connect(asyncpg_dsn(self._dsn), timeout=ASK_SECONDS_MAX, server_settings=settings)

    async def is_held(self) -> bool:
        """Whether the lease still stands; False as soon as its connection is gone or silent."""
        if self._connection is None or self._connection.is_closed():
            return False
        try:
            await self._connection.execute("SELECT 1", timeout=ASK_SECONDS_MAX)
        except _LOST:
            return False
        return True

    async def give_back(self) -> None:
        """Close the connection, which frees the lease at once."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
