"""What a crash leaves in a cluster's folder: the postmaster's pid file, and perhaps a postmaster still going down."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hashtill_cli.embedded.errors import EmbeddedServerError

PID_FILE = "postmaster.pid"

GOING_DOWN_SECONDS_MAX = 10.0
"""An orphan that got its fast shutdown ends within a second; its checkpoint may take longer on a slow disk."""


def clear_leftovers(cluster: Path) -> None:
    """Wait for the orphans of this very cluster to end; forget a pid file whose process is gone or is somebody else.

    A killed postmaster leaves the servers of its connections behind: a busy one works on in the cluster's files, and
    only the pid file would tell the next postmaster so. So none may be left when we take the file away.
    """
    pid = postmaster_pid(cluster)
    if pid is None:
        return
    orphans = (pid,) if serves(pid, cluster) else tuple(_serving(cluster))
    for orphan in orphans:
        _signal(orphan, signal.SIGINT if orphan == pid else signal.SIGQUIT)
    _see_them_end(cluster)
    (cluster / PID_FILE).unlink(missing_ok=True)


def postmaster_pid(cluster: Path) -> int | None:
    """Give the process that last said it serves this cluster."""
    try:
        return int((cluster / PID_FILE).read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def serves(pid: int, cluster: Path) -> bool:
    """Whether that process is alive and works in this cluster (PostgreSQL's processes have it as working folder)."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve() == cluster.resolve()
    except OSError:
        return False  # it ended while we looked


def _serving(cluster: Path) -> Iterator[int]:
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return (pid for pid in pids if serves(pid, cluster))


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _see_them_end(cluster: Path) -> None:
    give_up_at = time.monotonic() + GOING_DOWN_SECONDS_MAX
    while (left := next(_serving(cluster), None)) is not None:
        if time.monotonic() > give_up_at:
            raise EmbeddedServerError(
                f"An older PostgreSQL (process {left}) still serves {cluster} and does not end."
                f" Stop it: kill -INT {left}"
            )
        time.sleep(0.05)
