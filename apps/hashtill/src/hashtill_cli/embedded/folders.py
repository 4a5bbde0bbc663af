"""Folders: what we create, with its mode; nothing that was there before is ever opened, owned or changed."""

import shutil
from pathlib import Path

from hashtill_cli.embedded.errors import EmbeddedServerError

PASSABLE = 0o711
"""Others may pass through to what is theirs inside, but not look around."""

PRIVATE = 0o700

FREE_MB_MIN = 512
"""A new cluster takes 40 MB and its write-ahead log up to 256 MB more; below this the start would end half-way."""


def make_folder(folder: Path, *, mode: int = PRIVATE) -> Path:
    """Create a folder with exactly this mode; one that exists keeps the mode and owner it has."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(mode)
    return folder


def require_space(folder: Path) -> None:
    """Raise with the remedy when the disk under the folder is nearly full."""
    if free_mb(folder) < FREE_MB_MIN:
        raise EmbeddedServerError(
            f"Only {free_mb(folder)} MB are free on the disk of {folder}; Hashtill needs {FREE_MB_MIN} MB."
            " Free some space, or give a folder on another disk with --data."
        )


def free_mb(folder: Path) -> int:
    """Say how much can still be written on the disk under the folder."""
    return shutil.disk_usage(folder).free // 2**20
