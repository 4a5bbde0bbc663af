"""Copies of the tree: bugs are planted in copies only, and what runs there is made sure to be the copy's own code."""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

_ORIGINS = """
import sys
from importlib.util import find_spec
for name in sys.argv[1:]:
    spec = find_spec(name)
    print(name, spec.origin or next(iter(spec.submodule_search_locations)) if spec else "nowhere")
"""

_NOT_INHERITED = ("PYTEST_", "COV_", "COVERAGE_", "GIT_")
"""What a test run around us has set for itself."""


class ForeignCodeError(Exception):
    """A copy would not import its own code: whatever came of it would say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One copy."""

    root: Path

    @property
    def source_roots(self) -> list[Path]:
        """Give the folders its packages are imported from, before those of the environment."""
        return [self.root / each for each in self._build["dev-mode-dirs"]]

    @property
    def packages(self) -> list[str]:
        """Name what is ours and can be imported."""
        return [each.rpartition("/")[2] for each in self._build["targets"]["wheel"]["packages"]]

    @property
    def environment(self) -> Mapping[str, str]:
        """Give what a process needs to run this copy."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        return kept | {"PYTHONPATH": os.pathsep.join(map(str, (*self.source_roots, self.root)))}

    def plant(self, patch: str) -> str:
        """Apply a patch; gives git's complaint, empty when it applied."""
        done = _git("apply", "--whitespace=nowarn", "-", at=self.root, text=patch)
        return "" if done.returncode == 0 else done.stderr.strip()

    def make_sure_of_its_code(self) -> None:
        """Raise ForeignCodeError unless every package of ours comes from here."""
        told = subprocess.run(  # noqa: S603 - our own interpreter and names
            [sys.executable, "-c", _ORIGINS, *self.packages],
            cwd=self.root, env=self.environment, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        foreign = [line for line in told.splitlines() if not line.split(" ", 1)[1].startswith(f"{self.root}{os.sep}")]
        if foreign:
            raise ForeignCodeError(f"Imported from elsewhere than {self.root}: {foreign}")

    @property
    def _build(self) -> Any:
        return tomllib.loads((self.root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]


@contextmanager
def snapshot(root: Path = ROOT) -> Iterator[Tree]:
    """Copy the tree as it is now: what git tracks or would track, and its bytecode."""
    folder = Path(tempfile.mkdtemp(prefix="hashtill-planted-"))
    try:
        listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", at=root).stdout
        for name in filter(None, listed.split("\0")):
            _copy_file(root / name, folder / name)
        yield Tree(root=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def copy_of(tree: Tree) -> Iterator[Tree]:
    """Copy a copy, to plant in."""
    folder = Path(tempfile.mkdtemp(prefix="hashtill-planted-"))
    try:
        shutil.copytree(tree.root, folder, dirs_exist_ok=True, symlinks=True)
        yield Tree(root=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def complaint_about(patch: str, *, root: Path = ROOT) -> str:
    """Say why a patch would not apply; empty when it would."""
    done = _git("apply", "--check", "-", at=root, text=patch)
    return "" if done.returncode == 0 else done.stderr.strip()


def _copy_file(source: Path, target: Path) -> None:
    if not source.exists():  # deleted, and not committed yet
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
    for compiled in (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc") if source.suffix == ".py" else ():
        (target.parent / "__pycache__").mkdir(exist_ok=True)
        shutil.copy2(compiled, target.parent / "__pycache__" / compiled.name)


def _git(*words: str, at: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ["GIT_CEILING_DIRECTORIES"] = str(at.parent)  # a copy below somebody's repository is no part of it
    command = ["git", *words]
    return subprocess.run(command, cwd=at, env=environ, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
