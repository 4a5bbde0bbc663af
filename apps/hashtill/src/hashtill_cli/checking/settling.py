"""Settling: wait until nothing moves: no step is due, no message unread, unsent or unpublished."""

import asyncio
from collections import Counter
from time import monotonic

from chassis.jetstream import SOCIAL, STREAMS
from hashtill_cli.checking.reading.streams import consumers_behind, last_sequence
from hashtill_cli.checking.sources import Sources

LOOK_EVERY_SECONDS = 0.5
LOOKS_QUIET = 2
"""So many looks in a row must find nothing: between two of them a message may be in nobody's books."""

_MOVING = {
    "orders": "SELECT 'orders between two steps' AS what, count(*) AS number FROM orders"
    " WHERE next_step_at IS NOT NULL OR state IN ('RECEIVED', 'PROMPTING')",
    "payments": "SELECT 'operations without an answer' AS what, count(*) AS number FROM operation"
    " WHERE state NOT IN ('OK', 'FAILED')",
    "notifier": "SELECT 'deliveries to be sent' AS what, count(*) AS number FROM delivery"
    " WHERE state IN ('WAITING', 'SENDING')",
}
_UNPUBLISHED = (
    "SELECT 'outbox rows to be published' AS what, count(*) AS number FROM outbox"
    " WHERE published_at IS NULL AND parked_at IS NULL AND position('v1.Watermark' IN encode(headers, 'escape')) = 0"
)
"""Watermarks never rest: the gateway writes some every few seconds, whether anybody posts or not."""


async def settle(sources: Sources, *, seconds_max: float) -> Counter[str]:
    """Wait until nothing moves, at most so long; gives what still does."""
    deadline, quiet, read_until = monotonic() + seconds_max, 0, 0
    while True:
        found = await moving(sources, read_until=read_until)
        quiet = 0 if found else quiet + 1
        if quiet == LOOKS_QUIET or monotonic() > deadline:
            return found
        read_until = await last_sequence(sources.nats, SOCIAL.name) if sources.nats is not None else 0
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def moving(sources: Sources, *, read_until: int) -> Counter[str]:
    """Count what moves, by what it is; of SOCIAL only what stood there at the look before, for watermarks go on."""
    found = Counter[str]()
    for service, book in sources.books.items():
        for statement in filter(None, (_MOVING.get(service), _UNPUBLISHED)):
            for row in await book.records(statement):
                found[row["what"]] += row["number"]
    if sources.nats is not None:
        for stream in STREAMS:
            until = read_until if stream == SOCIAL else None
            found["messages to be read"] += await consumers_behind(sources.nats, stream.name, until=until)
    return +found
