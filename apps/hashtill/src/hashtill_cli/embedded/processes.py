"""Processes: start a server that cannot outlive us, and stop it within a bound."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from hashtill_cli.embedded.accounts import Account
from hashtill_cli.embedded.errors import EmbeddedServerError

STOP_SECONDS_MAX = 8.0
"""A fast shutdown takes well under a second; what needs longer than this is killed (Ctrl-C ends within 10 s)."""

POLL_SECONDS = 0.01
"""Readiness is a file that appears; ten milliseconds cost nothing and are not felt."""

_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str | Path], *, cwd: Path, output: IO[bytes], account: Account | None, last_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a program under the account (None: ours); if we die, however, the kernel sends it `last_signal`."""
    return subprocess.Popen(  # noqa: S603 - our own servers' binaries with arguments we make
        [str(part) for part in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches us alone, and we stop our servers in order
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        preexec_fn=lambda: _begin(last_signal),  # noqa: PLW1509 - two system calls, no lock is taken after the fork
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )


def _begin(last_signal: signal.Signals) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a server must hear what the supervisor blocks
    die_with_parent(last_signal)


def die_with_parent(last_signal: signal.Signals) -> None:
    """Ask the kernel (Linux) to signal this process when its parent dies, so that no orphan is ever left."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)


def share_cores() -> None:
    """Ask the kernel (Linux) to let this process, and all it starts, run its turn out when another one wakes.

    A dozen processes that wake each other on a few cores otherwise change places thousands of times a second.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it; then things are as they were
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals) -> None:
    """Ask it to end and wait; past the bound, kill it."""
    if process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS_MAX)


def wait_until(ready: Callable[[], bool], *, process: subprocess.Popen[bytes], seconds_max: float, name: str) -> bool:
    """Wait until ready; False when the process ended first, an error with the remedy when the time is up."""
    give_up_at = time.monotonic() + seconds_max
    while time.monotonic() < give_up_at:
        if ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(POLL_SECONDS)
    raise EmbeddedServerError(f"{name} did not get ready within {seconds_max:g} seconds. See its log, and start again.")
