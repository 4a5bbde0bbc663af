"""Migrations: Alembic over the service's own `migrations/versions/*.py`; no env.py or ini is needed."""

from importlib.resources import files

import structlog
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chassis.postgres import session_settings, sqlalchemy_dsn
from kernel.secret import Secret

MIGRATION_LOCK = 0x6861_7368_6D69
"""Advisory lock ("hashmi"): of replicas that start together one migrates, the others wait and find it done."""

LOCK_TIMEOUT_MS = 30_000
"""A migration that waits longer than this for a table fails and is tried again at the next start."""

STATEMENT_TIMEOUT_MS = 600_000


async def run_migrations(dsn: Secret[str], *, package: str, revision: str = "head") -> None:
    """Bring the database to a revision of `<package>/migrations/versions`; safe to run from every replica.

    A database that a newer release has migrated is left as it is: old code lives on the new schema, so that an upgrade
    may go replica by replica, and be taken back.
    """
    settings = session_settings(f"{package}-migrate", statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    settings |= {"lock_timeout": str(LOCK_TIMEOUT_MS), "idle_in_transaction_session_timeout": "0"}
    engine = create_async_engine(
        sqlalchemy_dsn(dsn), poolclass=NullPool, hide_parameters=True, connect_args={"server_settings": settings}
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await connection.run_sync(_upgrade, _scripts(package), revision)
    finally:
        await engine.dispose()


def revisions(package: str) -> list[str]:
    """List the package's revisions, oldest first."""
    return [script.revision for script in reversed(list(_scripts(package).walk_revisions()))]


def _scripts(package: str) -> ScriptDirectory:
    folder = str(files(package).joinpath("migrations"))
    return ScriptDirectory(folder, version_locations=[f"{folder}/versions"])


def _upgrade(connection: Connection, scripts: ScriptDirectory, revision: str) -> None:
    environment = EnvironmentContext(Config(), scripts)

    def steps(current: object, _context: MigrationContext) -> object:
        return scripts._upgrade_revs(revision, current)  # type: ignore[arg-type]  # noqa: SLF001 - what `alembic upgrade` itself calls

    with environment:
        environment.configure(connection=connection, fn=steps)
        before = environment.get_context().get_current_revision()
        if before is not None and not _is_known(before, scripts):
            structlog.get_logger().warning("schema_is_newer", database_revision=before)
            return
        environment.run_migrations()
        after = environment.get_context().get_current_revision()
    if before != after:
        structlog.get_logger().info("migrated", from_revision=before or "empty", to_revision=after)


def _is_known(revision: str, scripts: ScriptDirectory) -> bool:
    return any(script.revision == revision for script in scripts.walk_revisions())
