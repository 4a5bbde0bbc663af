"""Messages as a handler gets them, and what it may answer for each."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """One message, decoded. `message_id` goes into the inbox as it is; `deliveries` counts from 1."""

    message_id: str
    type: str
    event: Message
    aggregate: str
    version: int
    at: datetime
    traceparent: str | None
    subject: str
    deliveries: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAfter:
    """Deliver this one again after so many seconds; counts as one of its deliveries."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """Nothing can ever be done with this one: keep it as a dead letter with this reason, and go on."""

    reason: str


Outcome: TypeAlias = RetryAfter | Dead
"""What a handler says of a message that is not done; silence means done."""


def inbox_id(*, name: str, at: datetime) -> str:
    """Join a message's day (UTC) and its name: the day says which inbox partition guards it whenever it comes."""
    return f"{at.astimezone(UTC):%Y%m%d}-{name}"


def day_of(message_id: str) -> date:
    """Read the day out of an inbox id; raises ValueError for a text that is none."""
    stamp, _, name = message_id.partition("-")
    if not (len(stamp) == 8 and stamp.isascii() and stamp.isdigit() and name):  # noqa: PLR2004 - YYYYMMDD
        raise ValueError(f"{message_id!r} is no inbox id: make one with inbox_id(name=…, at=…).")
    return date(int(stamp[:4]), int(stamp[4:6]), int(stamp[6:]))
