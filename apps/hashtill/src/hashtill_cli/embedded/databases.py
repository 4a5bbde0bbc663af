"""Databases and roles: one of each a service, created when missing, with passwords from the keyring."""

import asyncio
from collections.abc import Iterable, Sequence

import asyncpg

from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.postgres import Postgres
from kernel.secret import Secret

CONNECT_SECONDS_MAX = 10.0
"""A server on this machine that has said `ready` answers at once."""


def service_dsns(server: Postgres, *, keyring: Keyring, services: Iterable[str]) -> dict[str, Secret[str]]:
    """Give each service its own database `hashtill_<service>`, owned by the role of the same name; repeatable."""
    names = {service: f"hashtill_{service}" for service in services}
    passwords = {name: keyring.password(name) for name in names.values()}
    asyncio.run(_create_missing(server.admin_dsn, passwords))
    return {service: server.dsn(role=name, password=passwords[name], database=name) for service, name in names.items()}


def run_sql(dsn: Secret[str], statements: Sequence[str]) -> None:
    """Run statements one by one, each its own transaction (CREATE DATABASE allows no other way)."""
    asyncio.run(_run(dsn, statements))


async def _create_missing(admin: Secret[str], passwords: dict[str, Secret[str]]) -> None:
    unsaid = {"log_min_error_statement": "panic"}  # these statements hold passwords, which a failure would write down
    connection = await asyncpg.connect(admin.reveal(), ssl=False, timeout=CONNECT_SECONDS_MAX, server_settings=unsaid)
    try:
        roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        databases = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name, password in passwords.items():
            verb = "ALTER" if name in roles else "CREATE"
            await connection.execute(f"{verb} ROLE {name} LOGIN PASSWORD '{password.reveal()}'")
            if name not in databases:
                await connection.execute(f"CREATE DATABASE {name} OWNER {name} STRATEGY wal_log")
                await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    finally:
        await connection.close()


async def _run(dsn: Secret[str], statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(dsn.reveal(), ssl=False, timeout=CONNECT_SECONDS_MAX)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
