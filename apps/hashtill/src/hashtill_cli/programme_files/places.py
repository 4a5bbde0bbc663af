"""Places: where in a file something stands, and what is wrong there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A spot in a file, counted from 1 as editors do; `path` is the field, for example offers[0].price."""

    file: str
    line: int
    column: int
    path: str

    def __str__(self) -> str:
        spot = f"{self.file}:{self.line}:{self.column}"
        return f"{spot}: {self.path}" if self.path else spot


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """What is wrong at a place, and what would be right."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Problems(Exception):  # noqa: N818 - it carries many
    """Everything wrong with a file, in its order; nothing of it was applied."""

    def __init__(self, found: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in sorted(found)))
        self.found = sorted(found)
