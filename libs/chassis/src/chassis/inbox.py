"""The inbox: a message's id is written in its effect's own transaction, so a message has its effect once."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.messages import day_of
from chassis.unnest import fetch_unnest

_INSERT = """
INSERT INTO inbox (consumer, msg_id, day)
SELECT $1, msg_id, day FROM unnest($2::text[], $3::date[]) AS given (msg_id, day)
ON CONFLICT DO NOTHING RETURNING msg_id
"""


async def add_inbox(connection: AsyncConnection, *, consumer: str, message_ids: Iterable[str]) -> set[str]:
    """Write the ids and give those that were new: only these may have an effect in this transaction.

    Waits for another transaction that is writing the same id, so of two copies one wins.
    """
    ids = sorted(set(message_ids))
    if not ids:
        return set()
    rows = await fetch_unnest(connection, _INSERT, consumer, ids, [day_of(each) for each in ids])
    return {row["msg_id"] for row in rows}


class PostgresInbox:
    """The inbox of one consumer in one transaction: `new = await unit.inbox.add(ids)`."""

    def __init__(self, connection: AsyncConnection, *, consumer: str) -> None:
        self._connection, self._consumer = connection, consumer

    async def add(self, message_ids: Iterable[str]) -> set[str]:
        """Write the ids and give those that were new."""
        return await add_inbox(self._connection, consumer=self._consumer, message_ids=message_ids)
