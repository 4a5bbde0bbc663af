"""Suspects: what was delivered often is tried alone, each try counted, so that what ends processes is found.

JetStream counts deliveries and cannot know why one went unanswered. A process killed while it waited for a peer
looks to it like one that its message killed. Our count tells them apart: a try counts only while it may yet be the
message's fault, and an outage met on the way proves that it is not.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest

SUSPECTED_AT = 5
"""A message delivered so often is tried alone and counted; before, a batch that ended costs too little to ask why."""

TRIES_MAX = 8
"""So many tries in a row may end the process, or hang; then the message is given up untried."""

T = TypeVar("T")

_BEGIN = """
INSERT INTO suspect (consumer, msg_id, tries) VALUES ($1, $2, 1)
ON CONFLICT (consumer, msg_id) DO UPDATE SET tries = suspect.tries + 1, at = statement_timestamp() RETURNING tries
"""
_EXCUSE = "UPDATE suspect SET tries = 0 WHERE consumer = $1 AND msg_id = $2"
_CLEAR = "DELETE FROM suspect WHERE consumer = $1 AND msg_id = $2"


class Suspects(Protocol):
    """One consumer's count of tries that nobody answered."""

    async def begin(self, message_id: str) -> int:
        """Count a try before it begins; gives how many in a row that makes."""

    async def excuse(self, message_id: str) -> None:
        """Forget the tries so far: an outage hindered this one, so the message ends nothing."""

    async def clear(self, message_id: str) -> None:
        """Forget the message: it was answered."""


class PostgresSuspects:
    """Keeps the count in the service's own database, where a death leaves it standing."""

    def __init__(self, database: Database, *, consumer: str) -> None:
        self._database, self._consumer = database, consumer

    async def begin(self, message_id: str) -> int:
        """Count a try before it begins; gives how many in a row that makes."""
        async with self._database.transaction() as connection:
            (row,) = await fetch_unnest(connection, _BEGIN, self._consumer, message_id)
        return int(row["tries"])

    async def excuse(self, message_id: str) -> None:
        """Forget the tries so far."""
        async with self._database.transaction() as connection:
            await execute_unnest(connection, _EXCUSE, self._consumer, message_id)

    async def clear(self, message_id: str) -> None:
        """Forget the message."""
        async with self._database.transaction() as connection:
            await execute_unnest(connection, _CLEAR, self._consumer, message_id)


def parted(items: Iterable[T], *, deliveries: Callable[[T], int]) -> list[list[T]]:
    """Part a batch: what is suspected of nothing together and first, then each suspect alone; no part is empty."""
    together, alone = list[T](), list[list[T]]()
    for item in items:
        if deliveries(item) < SUSPECTED_AT:
            together.append(item)
        else:
            alone.append([item])
    return [together, *alone] if together else alone
