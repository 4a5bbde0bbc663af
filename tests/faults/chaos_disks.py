"""Small disks: a file system in memory for each server's files, small enough to be filled; root alone makes them."""

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.embedded.houses import POINTER_NAME

SIZES_MB = {"postgres": 1_200, "nats": 256}
"""What a run of some minutes needs, a few times over."""

_DETACH = 2
"""Unmount when the last file there is closed, whatever still holds one."""


@contextmanager
def small_disks(data: Path) -> Iterator[Mapping[str, Path]]:
    """Lay out a disk for each server in a fresh data folder. Raises OSError where that cannot be."""
    folders = {"postgres": data / "postgres-disk", "nats": data / "nats"}
    with ExitStack() as stack:
        for server, folder in folders.items():
            folder.mkdir()
            stack.enter_context(_mounted(folder, megabytes=SIZES_MB[server]))
            folder.chmod(PASSABLE)
        (data / POINTER_NAME).write_text(f"{folders['postgres']}\n")
        yield folders


def why_not() -> str:
    """Say why this machine has no small disks; nothing where it may have them."""
    return "" if os.geteuid() == 0 else "only root may mount a small disk"


@contextmanager
def _mounted(folder: Path, *, megabytes: int) -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={megabytes}m,mode=0711".encode()
    if libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, options) != 0:
        raise OSError(ctypes.get_errno(), f"no disk could be mounted at {folder}")
    try:
        yield
    finally:
        libc.umount2(bytes(folder), _DETACH)
