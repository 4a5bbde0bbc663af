"""Spans and metrics as a collector's file exporter writes them: OTLP as JSON, one export a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATTERN = "*.json*"
"""What a collector's file exporter is told to write: `spans.json`, and `spans-….json` when it rotates."""

IDS = frozenset({"traceId", "spanId", "parentSpanId"})
"""Left out: sixteen hexadecimal digits are all decimal once in two thousand, and then may pass as a card number."""


def exports_of(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Give (place, spans in it, text) of each line of each file; a line that is no JSON is searched as it stands."""
    for file in sorted(folder.glob(PATTERN)):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                yield f"{file.name}:{number}", *_read(line)


def _read(line: str) -> tuple[int, str]:
    try:
        export = json.loads(line)
    except ValueError:
        return 0, line
    return _spans_in(export), "\n".join(_texts(export))


def text_of(line: str) -> str:
    """Give what is to be searched of an export."""
    return _read(line)[1]


def _spans_in(export: Any) -> int:
    resources = export.get("resourceSpans", ()) if isinstance(export, dict) else ()
    return sum(len(scope.get("spans", ())) for each in resources for scope in each.get("scopeSpans", ()))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, each in value.items():
                if name not in IDS:
                    yield from (f"{name}: {text}" for text in _texts(each))
        case list():
            for each in value:
                yield from _texts(each)
        case _:
            yield str(value)
