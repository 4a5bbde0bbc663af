"""Spans and metrics as a collector's file exporter writes them: OTLP as JSON, one export a line."""

import re
from collections.abc import Iterator
from pathlib import Path

PATTERN = "*.json*"
"""What a collector's file exporter is told to write: `spans.json`, and `spans-….json` when it rotates."""

SPAN_ENDS = '"endTimeUnixNano"'
"""Each span has one, and nothing else has."""

_IDS = re.compile(r'"(?:traceId|spanId|parentSpanId)":\s*"[^"]*"')
"""Left out: sixteen hexadecimal digits are all decimal once in two thousand, and then may pass as a card number."""

_ATTRIBUTE = re.compile(r'"key":\s*"([^"]*)",\s*"value":\s*\{\s*"\w+":\s*"?([^"{}]*)"?\s*\}')
"""An attribute's name and value stand apart; together they may say what neither does."""


def exports_of(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Give (place, spans in it, text to be searched) of each line of each file."""
    for file in sorted(folder.glob(PATTERN)):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                yield f"{file.name}:{number}", line.count(SPAN_ENDS), text_of(line)


def text_of(line: str) -> str:
    """Give what is to be searched of an export: all but the ids, each attribute as `name: value`."""
    return _ATTRIBUTE.sub(r"\1: \2", _IDS.sub("", line))
