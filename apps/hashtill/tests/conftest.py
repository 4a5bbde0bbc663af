"""Folders as embedded servers meet them: open ones, and ones below a folder that is shut to others."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A new folder below one that everybody may pass."""
    top = Path(tempfile.mkdtemp(prefix="hashtill-open-"))
    top.chmod(0o755)
    yield top / "project" / ".data"
    shutil.rmtree(top)


@pytest.fixture
def shut_folder() -> Iterator[Path]:
    """A new folder below one with mode 0700, as below a home."""
    top = Path(tempfile.mkdtemp(prefix="hashtill-shut-"))
    (top / "project").mkdir()
    yield top / "project" / ".data"
    shutil.rmtree(top)


@pytest.fixture
def houses() -> Iterator[Path]:
    """Where this test's clusters go when their data folder is shut; never the machine's own place."""
    top = Path(tempfile.mkdtemp(prefix="hashtill-houses-"))
    top.chmod(0o711)
    yield top
    shutil.rmtree(top)
