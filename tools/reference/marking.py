"""Marking: the few forms of Markdown that the pages are made of."""

from collections.abc import Iterable, Sequence

from tools.reference.protos import Field

NOTE = "<!-- Drawn from the code by `make docs`; a test keeps it current. Do not edit by hand. -->"


def page(title: str, *parts: str) -> str:
    """Put a page together: title, note, parts, each apart by an empty line."""
    return "\n\n".join([f"# {title}", NOTE, *(part for part in parts if part)]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; without rows nothing."""
    lines = [_row(cells) for cells in rows]
    return "\n".join([_row(heads), _row(["---"] * len(heads)), *lines]) if lines else ""


def fields_table(fields: Sequence[Field], *, linked: frozenset[str], on: str = "") -> str:
    """Write a message's fields; the types in `linked` are told of on the page `on`, or on this one."""
    rows = ([code(field.name), type_words(field.type_name, linked, on), field.comment] for field in fields)
    return table(["field", "type", "what it is"], rows)


def type_words(type_name: str, linked: frozenset[str], on: str) -> str:
    """Write a type by its short name, linked where a page tells of it."""
    *words, name = type_name.split(" ")
    told = f"[{short_name(name)}]({on}#{anchor(name)})" if name in linked else short_name(name)
    return " ".join([*words, told])


def short_name(full_name: str) -> str:
    """Leave the package away."""
    return full_name.rpartition(".")[2]


def anchor(full_name: str) -> str:
    """Name a place on a page, without two that are the same."""
    return full_name.removeprefix("hashtill.").replace(".", "-").lower()


def placed(level: int, full_name: str) -> str:
    """Write a heading that links can find."""
    return f'<a id="{anchor(full_name)}"></a>\n\n{"#" * level} {short_name(full_name)}'


def code(text: str) -> str:
    """Write text as it is typed."""
    return f"`{text}`" if text else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
