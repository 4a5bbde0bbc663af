"""What the relay is measured against: the same events published one by one, each waiting for its acknowledgement."""

from datetime import UTC, datetime
from itertools import islice
from time import monotonic

from nats.aio.client import Client

from chassis.message_headers import parse_headers
from chassis.outbox import encode
from hashtill_cli.bench.relay.events import events

SUBJECT = "social.bench.0"
"""A stream set up like the one measured, which the relay does not use here."""

MADE = 1_000


async def singles_per_second(client: Client, *, seconds: float) -> float:
    """Publish by nats-py's own call, and give how many were acknowledged a second."""
    encoded = [encode(message) for message in islice(events(at=datetime.now(UTC)), MADE)]
    ready = [(parse_headers(row[4]), row[5]) for row in encoded]
    stream, began_at, sent = client.jetstream(), monotonic(), 0
    while monotonic() - began_at < seconds:
        headers, body = ready[sent % MADE]
        sent += 1
        await stream.publish(SUBJECT, body, headers={**headers, "Nats-Msg-Id": f"single-{sent}"})
    return sent / (monotonic() - began_at)
