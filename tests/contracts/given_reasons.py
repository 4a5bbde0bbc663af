"""Reasons given: every reason, with its kind, that a package's code can put into a Refusal, read from its tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel.refusals import RefusalKind

WORD = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")

Functions = Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A reason as the code gives it; `kind` is None where the tree does not say which."""

    reason: str
    kind: RefusalKind | None
    where: str


def reasons_given(source: Path) -> Iterator[Given]:
    """Read every Python file below a folder."""
    for path in sorted(source.rglob("*.py")):
        yield from _Module(path, ast.parse(path.read_text())).given()


def words_written(source: Path) -> frozenset[str]:
    """Give every text of a package's code that looks like a reason."""
    trees = (ast.parse(path.read_text()) for path in source.rglob("*.py"))
    return frozenset(word for tree in trees for word in _words(tree))


class _Module:
    """One file: follows a reason from a Refusal back through one helper's parameter to the texts it is called with."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._path, self._tree = path, tree
        self._constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self._functions: Functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def given(self) -> Iterator[Given]:
        for call in _calls(self._tree, "Refusal"):
            needs = {keyword.arg: keyword.value for keyword in call.keywords}
            owner = self._owner(call)
            if owner is not None and _name(needs["reason"]) in _parameters(owner):
                yield from self._by_helper(owner, needs)
            else:
                yield from self._told(self._texts(needs["reason"], owner), kind=needs["kind"], at=call)

    def _by_helper(
        self, helper: ast.FunctionDef | ast.AsyncFunctionDef, needs: Mapping[str | None, ast.expr]
    ) -> Iterator[Given]:
        calls = list(_calls(self._tree, helper.name))
        if not calls:
            raise ValueError(f"{self._path}: {helper.name} takes its reason from another file, where nobody looks.")
        for call in calls:
            given = _arguments(helper, call)
            kind = given.get(_name(needs["kind"]), needs["kind"])
            reason = given.get(_name(needs["reason"]))
            texts = self._starred(call) if reason is None else self._texts(reason, self._owner(call))
            yield from self._told(texts, kind=kind, at=call)

    def _told(self, texts: Iterator[str], *, kind: ast.expr, at: ast.Call) -> Iterator[Given]:
        of = (
            RefusalKind[kind.attr] if isinstance(kind, ast.Attribute) and kind.attr in RefusalKind.__members__ else None
        )
        for text in dict.fromkeys(texts):
            yield Given(reason=text, kind=of, where=f"{self._path.name}:{at.lineno}")

    def _texts(self, reason: ast.expr, owner: ast.AST | None) -> Iterator[str]:
        """Give a text as it stands, a constant's value, or else every such word of the function that computes it."""
        constant = self._constants.get(_name(reason))
        written = list(_words(constant if constant is not None else reason))
        yield from written or (_words(owner) if owner is not None else ())

    def _starred(self, call: ast.Call) -> Iterator[str]:
        """Give the words of the module's constants that a call's `*arguments` are taken from."""
        for name in (node.id for each in call.args for node in ast.walk(each) if isinstance(node, ast.Name)):
            if name in self._constants:
                yield from _words(self._constants[name])

    def _owner(self, call: ast.Call) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        holders = [each for each in self._functions.values() if call in ast.walk(each)]
        return min(holders, key=lambda each: (each.end_lineno or 0) - each.lineno, default=None)


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == name)


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORD.fullmatch(node.value):
            yield node.value


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    """Pair a call's arguments with the parameters' names; from a `*star` on, nobody can say."""
    plain = [*call.args]
    stars = [index for index, each in enumerate(plain) if isinstance(each, ast.Starred)]
    known = dict(zip(_parameters(function), plain[: stars[0]] if stars else plain, strict=False))
    return known | {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
