"""pgbench on the same PostgreSQL: what this machine's database does when nothing else is asked of it."""

import os
import re
import subprocess
from urllib.parse import urlsplit

from hashtill_cli.embedded.postgres import Postgres

SCALE = 10
CLIENTS = 8
DATABASE = "pgbench"

RUN_SECONDS_MAX = 120.0
"""Its calls take seconds here; a disk ten times slower still ends in time."""

_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


class PgbenchError(Exception):
    """pgbench did not run; the sentence is its own."""


def pgbench_tps(postgres: Postgres, *, seconds: int) -> float:
    """Run `pgbench -N` in a database of its own and give its transactions a second. Raises PgbenchError."""
    _run(postgres, "createdb", DATABASE)
    _run(postgres, "pgbench", "-q", "-i", "-s", str(SCALE), DATABASE)
    said = _run(postgres, "pgbench", "-N", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), DATABASE)
    found = _TPS.search(said)
    if found is None:
        raise PgbenchError(f"pgbench said no figure: {said[-300:]}")
    return float(found[1])


def _run(postgres: Postgres, program: str, *arguments: str) -> str:
    at = urlsplit(postgres.admin_dsn.reveal())
    who = {"PGHOST": at.hostname or "", "PGPORT": str(at.port), "PGUSER": at.username or "", "PGPASSWORD": at.password}
    done = subprocess.run(  # noqa: S603 - our own server's programs with arguments we make
        [str(postgres.binaries / program), *arguments],
        env={**os.environ, **{name: value or "" for name, value in who.items()}},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        raise PgbenchError(f"{program} failed: {done.stderr[-300:]}")
    return done.stdout
