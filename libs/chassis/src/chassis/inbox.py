"""The inbox: a message's id is written in its effect's own transaction, so a message has its effect once."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.messages import ReceivedMessage, day_of
from chassis.unnest import execute_unnest, fetch_unnest

_INSERT = """
INSERT INTO inbox (consumer, msg_id, day)
SELECT $1, msg_id, day FROM unnest($2::text[], $3::date[]) AS given (msg_id, day)
ON CONFLICT DO NOTHING RETURNING msg_id
"""

_LOCK_SEEN = """
SELECT aggregate, version FROM seen_version
WHERE consumer = $1 AND aggregate = ANY($2::text[]) ORDER BY aggregate FOR UPDATE
"""

_RAISE_SEEN = """
INSERT INTO seen_version (consumer, aggregate, version)
SELECT $1, aggregate, version FROM unnest($2::text[], $3::bigint[]) AS given (aggregate, version) ORDER BY aggregate
ON CONFLICT (consumer, aggregate)
DO UPDATE SET version = GREATEST(seen_version.version, excluded.version), at = excluded.at
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


async def drop_stale(
    connection: AsyncConnection, *, consumer: str, messages: Sequence[ReceivedMessage]
) -> list[ReceivedMessage]:
    """Keep, in order, the messages not older than the highest version seen of their aggregate, and remember it.

    Equal versions pass (one change may tell two facts; the inbox guards against copies).
    """
    if not messages:
        return []
    aggregates = sorted({message.aggregate for message in messages})
    rows = await fetch_unnest(connection, _LOCK_SEEN, consumer, aggregates)
    kept, seen = not_stale(messages, seen={row["aggregate"]: row["version"] for row in rows})
    if kept:
        await execute_unnest(connection, _RAISE_SEEN, consumer, list(seen), list(seen.values()))
    return kept


def not_stale(
    messages: Sequence[ReceivedMessage], *, seen: dict[str, int]
) -> tuple[list[ReceivedMessage], dict[str, int]]:
    """Give the messages to keep and the highest versions after them."""
    highest = dict(seen)
    kept = []
    for message in messages:
        if message.version >= highest.get(message.aggregate, message.version):
            highest[message.aggregate] = message.version
            kept.append(message)
    return kept, highest
