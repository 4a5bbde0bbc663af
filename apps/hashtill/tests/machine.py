"""The machine as a test sees it: its users and the modes above a folder, to be the same before and after."""

import asyncio
from pathlib import Path

import asyncpg

from hashtill_cli.embedded.postgres import Postgres


def users_and_modes_above(folder: Path) -> object:
    """Everything a careless launcher would change: the user list, and mode and owner of every folder above."""
    modes = {str(step): (step.stat().st_mode, step.stat().st_uid, step.stat().st_gid) for step in folder.parents}
    return modes, Path("/etc/passwd").read_bytes(), Path("/etc/group").read_bytes()


def ask(server: Postgres, statement: str) -> object:
    """Run one statement as superuser and give its one value."""

    async def run() -> object:
        connection = await asyncpg.connect(server.admin_dsn.reveal(), ssl=False)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())
