"""The data folder: everything an embedded Hashtill keeps, used by one running Hashtill at a time."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.folders import PASSABLE, free_mb, make_folder, require_space

DEFAULT_NAME = ".data"

LOCK_NAME = "lock"

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""How the system says that nothing more can be written: the disk is full, or our share of it is."""


@contextmanager
def data_folder(folder: Path) -> Iterator[Path]:
    """Create the folder if need be and hold it for us alone until the end of the block.

    Whatever in the block finds the disk full ends as one sentence with the remedy.
    """
    try:
        real = make_folder(folder.resolve(), mode=PASSABLE)
        lock = os.open(real / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise EmbeddedServerError(
            f"The data folder {folder} cannot be written ({problem.strerror}). Give another one with --data."
        ) from problem
    try:
        _hold(lock, real)
        require_space(real)
        _sign(lock)
        make_folder(real / "logs")
        yield real
    except OSError as problem:
        if problem.errno not in FULL:
            raise
        raise EmbeddedServerError(
            f"The disk of {real} is full ({free_mb(real)} MB free): {problem.strerror}."
            " Free some space, or give a folder on another disk with --data."
        ) from problem
    finally:
        os.close(lock)


def _hold(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode() or "unknown"
        raise EmbeddedServerError(
            f"Another Hashtill (process {holder}) is running on {folder}. Stop it, or give another folder with --data."
        ) from None


def _sign(lock: int) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
