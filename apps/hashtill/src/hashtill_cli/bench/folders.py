"""The folder of one measurement: fresh and gone afterwards, or one that is kept."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EVERYBODY_MAY_PASS = 0o711
"""PostgreSQL, run as another user when we are root, must reach its files in our own new folder."""


@contextmanager
def bench_folder(keep: Path | None) -> Iterator[Path]:
    """Give the folder to keep, or a fresh one that is removed at the end."""
    if keep is not None:
        yield keep
        return
    data = Path(tempfile.mkdtemp(prefix="hashtill-bench-"))
    data.chmod(EVERYBODY_MAY_PASS)
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)
