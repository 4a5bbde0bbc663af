"""Reading both sides of the relay's measurement, whole."""

import secrets

from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.jetstream import stream_state
from chassis.message_headers import MESSAGE_ID, SUBJECT, VERSION
from chassis.postgres import Database
from chassis.pulling import Pull, place_of
from chassis.unnest import fetch_unnest
from hashtill_cli.bench.errors import BenchError
from hashtill_cli.bench.relay.agreement import Stored, Written

READ_AT_ONCE = 1_000
READ_SECONDS = 5.0

_ROWS = "SELECT msg_id, aggregate, version, stream_seq, published_at FROM outbox"


async def written_rows(database: Database) -> list[Written]:
    """Read every outbox row."""
    async with database.transaction() as connection:
        rows = await fetch_unnest(connection, _ROWS)
    return [
        Written(message_id=row[0], aggregate=row[1], version=row[2], sequence=row[3], published_at=row[4])
        for row in rows
    ]


async def stored_messages(client: Client, stream: str) -> list[Stored]:
    """Read every message of a stream. Raises BenchError when it ends early."""
    state = await stream_state(client, stream)
    last = state[1] if state else 0
    name = f"bench-{secrets.token_hex(6)}"
    config = {"name": name, "ack_policy": "none", "mem_storage": True, "num_replicas": 1}
    pull = Pull(client, stream=stream, config=config, batch_max=READ_AT_ONCE)
    left = await pull.ensure() if last else 0
    found: list[Stored] = []
    while len(found) < left:
        batch = await pull.take(wait_seconds=READ_SECONDS)
        if not batch:
            raise BenchError(f"{stream} gave {len(found)} of {left} messages and no more.")
        found.extend(_stored(message) for message in batch)
    await pull.close()
    return found


def _stored(message: Msg) -> Stored:
    headers = message.headers or {}
    return Stored(
        sequence=place_of(message).sequence,
        message_id=headers.get(MESSAGE_ID, ""),
        aggregate=headers.get(SUBJECT, ""),
        version=int(headers.get(VERSION, "0")),
    )
