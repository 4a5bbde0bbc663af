"""I8: what the outbox calls published is in its stream, and nothing is there that no outbox wrote."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import OutboxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message as a stream holds it."""

    sequence: int
    message_id: str
    subject: str


def missing(
    rows: Iterable[OutboxRow], stored: Mapping[int, StoredMessage], *, stream: str, newest: Mapping[str, int]
) -> Iterator[Breach]:
    """Find published rows whose place in the stream is empty or another's.

    `newest` gives the last sequence of each subject in a stream that keeps only the newest of a key; a row
    whose key was written again is replaced, not lost.
    """
    for row in rows:
        found = stored.get(row.stream_seq)
        if found is not None and found.message_id == row.msg_id:
            continue
        if newest.get(row.subject, 0) > row.stream_seq:
            continue
        there = f"holds {found.message_id}" if found is not None else "is empty"
        yield Breach(
            invariant=Invariant.OUTBOX,
            what=f"Published, but {stream} {there} at its place.",
            ids=(row.msg_id, f"{stream}/{row.stream_seq}"),
        )


def unwritten(messages: Iterable[StoredMessage], known: Collection[str], *, stream: str) -> Iterator[Breach]:
    """Find messages that no outbox row stands behind: told, but it never happened."""
    for message in messages:
        if message.message_id not in known:
            yield Breach(
                invariant=Invariant.OUTBOX,
                what=f"{stream} holds a message that no outbox row wrote.",
                ids=(message.message_id, f"{stream}/{message.sequence}"),
            )


def parked(message_ids: Iterable[str], *, service: str) -> Iterator[Breach]:
    """Tell of rows that are set aside and of which no dead letter tells."""
    for message_id in message_ids:
        said = f"A row of {service} is parked and no dead letter says so."
        yield Breach(invariant=Invariant.OUTBOX, what=said, ids=(message_id,))
