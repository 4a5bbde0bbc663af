"""Nodes: YAML with its places kept; a reader takes a value of one kind or notes what is wrong and where."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import yaml

from hashtill_cli.programme_files.places import Place, Problem
from kernel.money import Money, read_amount

TEXT_BYTES_MAX = 1_000_000
"""A programme of a thousand offers is half of it."""

ITEMS_MAX = 1_000

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_TORN = "holds half of a character (a surrogate escape such as \\ud83d); write the character itself."
_TEXT = "tag:yaml.org,2002:str"
_KINDS = {
    "tag:yaml.org,2002:bool": "a yes/no",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a time",
    "tag:yaml.org,2002:seq": "a list",
    "tag:yaml.org,2002:map": "a group of fields",
}


class Nodes:
    """One file: `problems` gathers what is wrong, in whatever order it is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def compose(self, text: str) -> yaml.Node | None:
        """Parse the file's text; None, with a problem noted, when it is no YAML."""
        if len(text) > TEXT_BYTES_MAX:
            self._at(None, f"The file is longer than {TEXT_BYTES_MAX:,} characters; split it.")
            return None
        try:
            root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            self._at(error.problem_mark, f"This is no YAML: {error.problem}.")
            return None
        except yaml.YAMLError as error:
            self._at(None, f"This is no YAML: {str(error).splitlines()[0]}.")
            return None
        except RecursionError:
            self._at(None, "This is no programme: it is nested too deeply.")
            return None
        if root is None:
            self._at(None, "The file is empty; it must hold merchants or offers.")
        return root

    def place(self, node: yaml.Node, path: str) -> Place:
        """Tell where a node stands."""
        return Place(file=self.file, line=node.start_mark.line + 1, column=node.start_mark.column + 1, path=path)

    def note(self, node: yaml.Node, path: str, message: str) -> None:
        """Note a problem at a node."""
        self.problems.append(Problem(place=self.place(node, path), message=message))

    def fields(self, node: yaml.Node, path: str, *, known: frozenset[str] | None) -> dict[str, yaml.Node]:
        """Take a group of fields; unknown and repeated names are noted. `known=None` takes any name."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, path, "a group of fields")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            below = f"{path}.{name}" if path else name
            if _is_torn(name):
                self.note(key, path, _TORN)
            elif name in found:
                self.note(key, below, "stands here a second time; keep one.")
            elif known is not None and name not in known:
                self.note(key, below, f"is not known here; known are: {', '.join(sorted(known))}.")
            else:
                found[name] = value
        return found

    def items(self, node: yaml.Node, path: str) -> Iterator[tuple[yaml.Node, str]]:
        """Take a list, each item with its path."""
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, path, "a list")
            return
        if len(node.value) > ITEMS_MAX:
            self.note(node, path, f"has {len(node.value)} items; at most {ITEMS_MAX} fit in one file.")
        for index, item in enumerate(node.value[:ITEMS_MAX]):
            yield item, f"{path}[{index}]"

    def text(self, node: yaml.Node, path: str) -> str:
        """Take a text; a number, a yes/no or a time must be quoted to be one."""
        if node.tag != _TEXT or not isinstance(node, yaml.ScalarNode):
            self._wrong(node, path, "a text", remedy=" Put it in quotes." if isinstance(node, yaml.ScalarNode) else "")
            return ""
        if _is_torn(node.value):
            self.note(node, path, _TORN)
            return ""
        return str(node.value)

    def integer(self, node: yaml.Node, path: str) -> int:
        """Take a whole number."""
        if not isinstance(node, yaml.ScalarNode) or node.style or not _INTEGER.fullmatch(node.value):
            self._wrong(node, path, "a whole number")
            return 0
        return int(node.value)

    def truth(self, node: yaml.Node, path: str) -> bool:
        """Take true or false."""
        if not isinstance(node, yaml.ScalarNode) or node.style or node.value not in {"true", "false"}:
            self._wrong(node, path, "true or false")
            return False
        return bool(node.value == "true")

    def time(self, node: yaml.Node, path: str) -> datetime | None:
        """Take a moment, in UTC; one without a zone could be any of forty, so it is refused."""
        example = "2013-02-13T12:00:00-05:00"
        try:
            moment = datetime.fromisoformat(node.value if isinstance(node, yaml.ScalarNode) else "")
            in_utc = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self._wrong(node, path, f"a time such as {example}")
            return None
        if moment.tzinfo is None:
            self.note(node, path, f"has no time zone; write it as {example}.")
            return None
        return in_utc

    def money(self, node: yaml.Node, path: str) -> Money | None:
        """Take an amount with its currency; a bare number may be anything, so it is refused."""
        amount = read_amount(node.value) if isinstance(node, yaml.ScalarNode) and node.tag == _TEXT else None
        if amount is None:
            self._wrong(node, path, "an amount with its currency such as 149.99 USD")
        return amount

    def _wrong(self, node: yaml.Node, path: str, wanted: str, *, remedy: str = "") -> None:
        self.note(node, path, f"must be {wanted}; it is {_shown(node)}.{remedy}")

    def _at(self, mark: yaml.Mark | None, message: str) -> None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        self.problems.append(Problem(place=Place(file=self.file, line=line, column=column, path=""), message=message))


def _shown(node: Any) -> str:
    kind = _KINDS.get(node.tag, "a text")
    return f"{kind} ({node.value[:40]})" if isinstance(node, yaml.ScalarNode) and node.value else kind


def _is_torn(text: str) -> bool:
    """Whether an escape left half of a surrogate pair, which no file and no wire can carry."""
    return any("\ud800" <= character <= "\udfff" for character in text)
