"""Whether stream and outbox agree: each row stored once, where it says, and each aggregate's events in order."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An outbox row; the last two are None until the relay has marked it."""

    message_id: str
    aggregate: str
    version: int
    sequence: int | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message in the stream."""

    sequence: int
    message_id: str
    aggregate: str
    version: int


def counted(rows: Iterable[Written], stored: Mapping[int, Stored], *, since: datetime, until: datetime) -> int:
    """Count the rows marked within a time whose message is in the stream at the place they name."""
    return sum(
        row.published_at is not None and since <= row.published_at < until and _is_there(row, stored) for row in rows
    )


def disagreements(rows: Sequence[Written], stored: Sequence[Stored]) -> list[str]:
    """Say what does not agree, one sentence each; nothing when all is well."""
    places = {each.sequence: each for each in stored}
    times = Counter(each.message_id for each in stored)
    known = {row.message_id for row in rows}
    found = {
        "rows were never marked": sum(row.sequence is None for row in rows),
        "rows are not in the stream where they say": sum(
            row.sequence is not None and not _is_there(row, places) for row in rows
        ),
        "messages are in the stream more than once": sum(count > 1 for count in times.values()),
        "messages have no row": sum(message_id not in known for message_id in times),
        "messages overtook an earlier one of their aggregate": _overtaking(stored),
    }
    return [f"{count} {words}." for words, count in found.items() if count]


def _is_there(row: Written, stored: Mapping[int, Stored]) -> bool:
    message = stored.get(row.sequence) if row.sequence is not None else None
    told = (row.message_id, row.aggregate, row.version)
    return message is not None and (message.message_id, message.aggregate, message.version) == told


def _overtaking(stored: Sequence[Stored]) -> int:
    last: dict[str, int] = {}
    overtaking = 0
    for message in sorted(stored, key=lambda each: each.sequence):
        overtaking += message.version <= last.get(message.aggregate, 0)
        last[message.aggregate] = message.version
    return overtaking
