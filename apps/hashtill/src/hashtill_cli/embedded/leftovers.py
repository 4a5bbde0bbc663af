"""What a crash leaves in a cluster's folder: the postmaster's pid file, and perhaps a postmaster still going down."""

import os
import signal
import time
from pathlib import Path

from hashtill_cli.embedded.errors import EmbeddedServerError

PID_FILE = "postmaster.pid"

GOING_DOWN_SECONDS_MAX = 10.0
"""An orphan that got its fast shutdown ends within a second; its checkpoint may take longer on a slow disk."""


def clear_leftovers(cluster: Path) -> None:
    """Wait for an orphan of this very cluster to end; forget a pid file whose process is gone or is somebody else."""
    pid = postmaster_pid(cluster)
    if pid is None:
        return
    _see_it_end(pid, cluster)
    (cluster / PID_FILE).unlink(missing_ok=True)


def postmaster_pid(cluster: Path) -> int | None:
    """Give the process that last said it serves this cluster."""
    try:
        return int((cluster / PID_FILE).read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def serves(pid: int, cluster: Path) -> bool:
    """Whether that process is alive and works in this cluster (a postmaster's working folder is its cluster)."""
    return Path(f"/proc/{pid}/cwd").resolve() == cluster.resolve()


def _see_it_end(pid: int, cluster: Path) -> None:
    give_up_at = time.monotonic() + GOING_DOWN_SECONDS_MAX
    if serves(pid, cluster):
        os.kill(pid, signal.SIGINT)
    while serves(pid, cluster):
        if time.monotonic() > give_up_at:
            raise EmbeddedServerError(
                f"An older PostgreSQL (process {pid}) still serves {cluster} and does not end. Stop it: kill -INT {pid}"
            )
        time.sleep(0.05)
