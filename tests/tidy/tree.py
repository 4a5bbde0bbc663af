"""The tree as tidy sees it: every Python file of ours that git tracks, parsed once."""

import ast
import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = ("libs/stubs/",)
"""Generated; the generators answer for it."""

NOT_MEASURED = ("/migrations/versions/",)
"""Migrations are records of what was done; they are read once and never changed."""

BRANCHING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
"""What ruff's mccabe counts too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function or method: where it is, how long its body is without the docstring, and how often it branches."""

    where: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def body_lines(self) -> int:
        body = self.node.body[1:] if ast.get_docstring(self.node, clean=False) is not None else self.node.body
        return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0

    @property
    def branches(self) -> int:
        return 1 + sum(isinstance(node, BRANCHING) for node in ast.walk(self.node))

    @property
    def untyped(self) -> list[str]:
        a = self.node.args
        named = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
        bare = [arg.arg for arg in named if arg.annotation is None and arg.arg not in {"self", "cls"}]
        return bare if self.node.returns is not None else [*bare, "return"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python file."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/") or "/tests/" in self.path or self.path.endswith("conftest.py")

    @property
    def functions(self) -> list[Function]:
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [Function(where=f"{self.path}:{node.lineno} {node.name}", node=node) for node in found]


@functools.cache
def tracked() -> tuple[str, ...]:
    """Every file git tracks that still exists."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - the machine's git
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every Python file of ours, parsed."""
    names = [name for name in tracked() if name.endswith(".py") and not name.startswith(NOT_OURS)]
    return tuple(_source(name) for name in names)


def measured() -> list[Source]:
    """Give the files that sizes are measured on."""
    return [source for source in sources() if not any(part in source.path for part in NOT_MEASURED)]


def functions() -> list[Function]:
    """Give every measured function."""
    return [function for source in measured() for function in source.functions]


def _source(name: str) -> Source:
    text = (ROOT / name).read_text()
    return Source(path=name, text=text, tree=ast.parse(text, name))
