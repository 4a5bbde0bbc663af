"""The release before this one: its code, taken from the history and laid out in a folder beside ours."""

import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SERVICE, PYTHON_PATH = "UPGRADE_SERVICE", "UPGRADE_PYTHON_PATH"
"""Variables that tell `former_service.py` what to become, and where that release's packages are."""

NAMED = Path(__file__).with_name("previous_release.txt")
"""One line: the version and the commit of the last release; a release writes its own."""


class NotInHistoryError(Exception):
    """This clone does not reach back to the release; the sentence says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release's code, as laid out."""

    version: str
    folder: Path

    @property
    def python_path(self) -> str:
        """What PYTHONPATH must say for its packages to stand before ours."""
        settings = tomllib.loads((self.folder / "pyproject.toml").read_text())
        roots = settings["tool"]["hatch"]["build"]["dev-mode-dirs"]
        return ":".join(str(self.folder / each) for each in roots)


def lay_out_previous(folder: Path) -> Release:
    """Write the last release's tree into a folder. Raises NotInHistoryError."""
    version, commit = NAMED.read_text().split()
    packed = subprocess.run(  # noqa: S603 - our own history
        ["git", "archive", "--format=tar", commit],  # noqa: S607 - the git that made this clone
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if packed.returncode:
        raise NotInHistoryError(f"Release {version} ({commit[:9]}) is not in this clone; fetch its whole history.")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)  # noqa: S603, S607 - as above
    return Release(version=version, folder=folder)
