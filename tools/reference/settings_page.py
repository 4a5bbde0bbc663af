"""The page of settings: every variable every service reads."""

import importlib
from collections.abc import Iterator

from tools.reference.marking import code, page, table

from chassis.settings import ServiceSettings, SettingRow, describe_settings
from hashtill_cli.embedded.servers import SERVICES

INTRODUCTION = (
    "A service reads its settings once, at the start, from these variables; what is wrong or missing stops the start"
    " and names itself. A secret is never shown in a log or an error."
)

WORDS = {"str": "text", "int": "whole number", "float": "number", "bool": "0 or 1"}


def settings_page() -> str:
    """Draw the page from the services' Settings."""
    return page("Settings", INTRODUCTION, *_common(), *(part for name in SERVICES for part in _service(name)))


def _common() -> Iterator[str]:
    yield "## every service"
    yield _table(list(describe_settings(ServiceSettings)))


def _service(name: str) -> Iterator[str]:
    settings: type[ServiceSettings] = importlib.import_module(f"{name}.settings").Settings
    shared = {row.variable for row in describe_settings(ServiceSettings)}
    yield f"## {name}"
    yield _table([row for row in describe_settings(settings) if row.variable not in shared])


def _table(rows: list[SettingRow]) -> str:
    heads = ["variable", "type", "default", "what it is", "example", "secret"]
    return table(heads, ([*_cells(row), "yes" if row.secret else ""] for row in rows))


def _cells(row: SettingRow) -> list[str]:
    return [code(row.variable), _type(row), _default(row), row.description, code(row.example)]


def _type(row: SettingRow) -> str:
    if row.secret:
        return "text"
    short = row.type_name.removesuffix(" | None")
    if short.startswith("Literal["):
        return "one of " + ", ".join(code(each.strip("' ")) for each in short[len("Literal[") : -1].split(","))
    return WORDS.get(short, short)


def _default(row: SettingRow) -> str:
    match row.default:
        case None:
            return "must be given"
        case "" | "None":
            return "none"
        case default:
            return code(default)
