"""All text that is kept: every column of every table of a database, and the log files."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chassis.masking import masked
from hashtill_cli.checking.reading.databases import Book

CHUNK_LINES = 5_000
NAMED_MAX = 80
"""Characters of a row's first column that name it."""

NO_CARD_NUMBERS = frozenset({("charge", "network_reference")})
"""Columns not searched: card networks number transactions with 15 digits, and one in ten passes as a card."""

_COLUMNS = """
SELECT c.relname AS table, a.attname AS column, a.atttypid = 'bytea'::regtype AS is_bytes
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""


async def rows_of(book: Book) -> AsyncIterator[tuple[str, Sequence[tuple[str, str]]]]:
    """Give (table, rows) in pages; a row is its name (the first column, masked) and all its columns as one text."""
    tables: dict[str, list[Mapping[str, Any]]] = {}
    for column in await book.records(_COLUMNS):
        if (column["table"], column["column"]) not in NO_CARD_NUMBERS:
            tables.setdefault(column["table"], []).append(column)
    for table, columns in tables.items():
        selected = ", ".join(_selected(column) for column in columns)
        async for page in book.record_pages(f'SELECT {selected} FROM ONLY "{table}"'):  # noqa: S608 - the catalogue's own names
            yield table, [_row(row) for row in page]


def log_chunks(folder: Path) -> Iterator[tuple[str, str]]:
    """Give (file and line, text) of the log files, in chunks."""
    for file in sorted(folder.glob("*.log")):
        with file.open(encoding="utf-8", errors="replace") as lines:
            chunk: list[str] = []
            for number, line in enumerate(lines, 1):
                chunk.append(line)
                if len(chunk) == CHUNK_LINES:
                    yield f"{file.name}:{number - CHUNK_LINES + 1}", "".join(chunk)
                    chunk = []
            yield f"{file.name}, the end", "".join(chunk)


def _row(row: Sequence[Any]) -> tuple[str, str]:
    return masked(text_of_value(row[0]))[:NAMED_MAX], "\n".join(map(text_of_value, row))


def _selected(column: Mapping[str, Any]) -> str:
    name = f'"{column["column"]}"'
    return name if column["is_bytes"] else f"{name}::text"


def text_of_value(value: Any) -> str:
    """Write a column's value as text, bytes as Latin-1."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
