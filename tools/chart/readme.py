"""The chart's README: its tables, drawn from the values' comments and from the services' settings."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from tools.chart.wiring import Variable


def with_tables(readme: str, *, values: str, wiring: Mapping[str, list[Variable]]) -> str:
    """Replace what stands between each pair of marks by its table."""
    tables = {"values": _values(values), "secrets": _secrets(wiring), "settings": _settings(wiring)}
    for name, lines in tables.items():
        before, begin, rest = readme.partition(f"<!-- {name}: drawn -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        readme = "".join([before, begin, *(f"{line}\n" for line in lines), end, after])
    return readme


def documented(values: str) -> Iterator[tuple[str, str]]:
    """Give each documented value: its path and what its comment says."""
    path: list[tuple[int, str]] = []
    comment = ""
    for line in values.splitlines():
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("# -- "):
            comment = line.lstrip().removeprefix("# -- ")
        elif key := re.match(r"\s*([A-Za-z_]+):", line):
            path = [*((at, name) for at, name in path if at < indent), (indent, key[1])]
            if comment:
                yield ".".join(name for _, name in path), comment
            comment = ""


def _values(values: str) -> list[str]:
    loaded = yaml.safe_load(values)
    rows = (f"| `{path}` | `{json.dumps(_at(loaded, path))}` | {comment} |" for path, comment in documented(values))
    return ["| value | default | meaning |", "|---|---|---|", *rows]


def _at(values: Any, path: str) -> Any:
    for name in path.split("."):
        values = values[name]
    return values


def _secrets(wiring: Mapping[str, list[Variable]]) -> list[str]:
    head = ["| key | read by | what it is |", "|---|---|---|"]
    databases = f"| `<service>-database-url` | {', '.join(wiring)} | The service's own database, as a whole address. |"
    nats = "| `nats-url` | all | NATS with JetStream, as a whole address; not needed with `nats.url`. |"
    rows = _by_setting(wiring, kind="secret")
    keys = (f"| `{each.how['key']}`{_optional(each)} | {who} | {each.row.description} |" for each, who in rows)
    return [*head, databases, nats, *keys]


def _settings(wiring: Mapping[str, list[Variable]]) -> list[str]:
    rows = (
        f"| `{each.name}` | {who}{_own(each)} | {_default(each)} | {each.row.description} |"
        for each, who in _by_setting(wiring, kind="plain")
    )
    return ["| setting | read by | default | meaning |", "|---|---|---|---|", *rows]


def _by_setting(wiring: Mapping[str, list[Variable]], *, kind: str) -> Iterable[tuple[Variable, str]]:
    """Give each setting once with who reads it; one that means another thing to a service stands apart."""
    found: dict[tuple[str, bool], dict[str, Variable]] = {}
    for service, variables in wiring.items():
        for each in variables:
            if each.how["kind"] == kind:
                found.setdefault((each.name, each.how.get("own", False)), {})[service] = each
    return [(_strictest(readers), ", ".join(readers)) for readers in found.values()]


def _strictest(readers: Mapping[str, Variable]) -> Variable:
    """Choose the one that must be given, whatever default another service has."""
    return next((each for each in readers.values() if each.required), next(iter(readers.values())))


def _optional(each: Variable) -> str:
    return "" if each.required else " (may be missing)"


def _default(each: Variable) -> str:
    if each.required:
        return "**must be given**"
    return f"`{each.row.default}`" if each.row.default not in {"", "None"} else "none"


def _own(each: Variable) -> str:
    return " (its own only)" if each.how["own"] else ""
