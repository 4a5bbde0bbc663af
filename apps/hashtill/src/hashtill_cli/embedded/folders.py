"""Folders: what we create, with its mode; nothing that was there before is ever opened, owned or changed."""

import shutil
from pathlib import Path

from hashtill_cli.embedded.errors import EmbeddedServerError

PASSABLE = 0o711
"""Others may pass through to what is theirs inside, but not look around."""

PRIVATE = 0o700

FREE_BYTES_MIN = 512 * 1024 * 1024
"""A new cluster takes 40 MB and its write-ahead log up to 256 MB more; below this the start would end half-way."""


def make_folder(folder: Path, *, mode: int = PRIVATE) -> Path:
    """Create a folder with exactly this mode; one that exists keeps the mode and owner it has."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(mode)
    return folder


def require_space(folder: Path) -> None:
    """Raise with the remedy when the disk under the folder is nearly full."""
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        raise EmbeddedServerError(
            f"Only {free // 2**20} MB are free on the disk of {folder}; Hashtill needs {FREE_BYTES_MIN // 2**20} MB."
            " Free some space, or give a folder on another disk with --data."
        )
