"""How the relay publishes one stream's rows: few as pipelined singles, many as an atomic batch that may fall back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.atomic_batch import Publisher, Stored
from chassis.jetstream import JetStreamError
from chassis.relay_session import OutboxRow

SINGLES_MAX = 10
"""Up to this many rows go as singles: an atomic batch costs a few fixed writes more than they do."""

HEADROOM_BYTES = 256
"""What batch headers and the protocol add to a row at most."""

_SERVER_ERROR = 500
_SUBJECT = re.compile(r"[^\s.*>\x00-\x1f]+(\.[^\s.*>\x00-\x1f]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of rows: stored at a sequence, refused for their own sake, or undecided because of an outage."""

    stored: Sequence[tuple[OutboxRow, int]]
    new_sequences: Sequence[int]
    refused: Sequence[tuple[OutboxRow, JetStreamError]]
    outage: Exception | None


def reason_unsendable(row: OutboxRow, *, stream: str | None, payload_max: int) -> str | None:
    """Say why a row must not even be tried: some of these end the connection for everyone."""
    size = len(row.headers) + len(row.body) + HEADROOM_BYTES
    if size > payload_max:
        return f"Too large: {size} bytes with headers, NATS takes {payload_max}."
    if not _SUBJECT.fullmatch(row.subject):
        return "The subject is malformed."
    return None if stream is not None else "No stream takes this subject."


async def publish(publisher: Publisher, rows: Sequence[OutboxRow]) -> Published:
    """Publish one stream's rows in order; raises nats' errors when the connection is gone."""
    if len(rows) > SINGLES_MAX:
        try:
            return _sorted(rows, await publisher.publish_batch(rows))
        except (JetStreamError, TimeoutError) as error:
            if isinstance(error, JetStreamError) and error.code >= _SERVER_ERROR:
                return Published(stored=(), new_sequences=(), refused=(), outage=error)
    return _sorted(rows, await publisher.publish(rows))


def _sorted(rows: Sequence[OutboxRow], answers: Sequence[Stored | Exception]) -> Published:
    pairs = list(zip(rows, answers, strict=True))
    refused = [(row, error) for row, error in pairs if isinstance(error, JetStreamError) and error.code < _SERVER_ERROR]
    blamed = {row.id for row, _ in refused}
    outages = [error for row, error in pairs if isinstance(error, Exception) and row.id not in blamed]
    return Published(
        stored=[(row, answer.sequence) for row, answer in pairs if isinstance(answer, Stored)],
        new_sequences=[each.sequence for each in answers if isinstance(each, Stored) and not each.duplicate],
        refused=refused,
        outage=outages[0] if outages else None,
    )
