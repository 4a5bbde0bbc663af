"""Planted bugs: patches that each bring one known mistake back, with the one test or the seeds that must notice it."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

_HEAD = re.compile(r"Bug: (?P<bug>.+)\nTrap: (?P<trap>.+)\nCaught by: (?P<caught_by>.+)\n(?=--- a/)")
_SEEDS = re.compile(r"seeds (?P<first>\d+)-(?P<last>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedBug:
    """One patch: what it breaks, which trap that stands for, and what catches it."""

    name: str
    bug: str
    trap: str
    caught_by: str
    """A pytest node id, or `seeds 3-7`: one of these seeds of the simulation breaks a promise."""
    patch: str

    @property
    def seeds(self) -> range | None:
        """Give the seeds that catch it; None where a test does."""
        found = _SEEDS.fullmatch(self.caught_by)
        return range(int(found["first"]), int(found["last"]) + 1) if found else None


def planted_bugs(folder: Path = FOLDER) -> list[PlantedBug]:
    """Read all of them, by name."""
    return [read(path) for path in sorted(folder.glob("*.patch"))]


def read(path: Path) -> PlantedBug:
    """Read one; a head that does not say everything is an error that names its file."""
    text = path.read_text()
    head = _HEAD.match(text)
    if head is None:
        raise ValueError(
            f"{path.name} must begin with three lines, `Bug: `, `Trap: ` and `Caught by: `, then the diff."
        )
    return PlantedBug(name=path.stem, patch=text, **head.groupdict())
