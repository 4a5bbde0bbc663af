"""The streams as the checker reads them: every message of one, once, from a consumer that leaves nothing behind."""

import secrets
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.jetstream import JetStreamError, api, stream_state
from chassis.message_headers import MESSAGE_ID, TIME, parse_headers
from chassis.pulling import Pull, place_of
from hashtill_cli.checking.telling import StoredMessage

BATCH_MAX = 1_000
BATCHES_MAX = 100_000
WAIT_SECONDS = 2.0
FORGOTTEN_AFTER_SECONDS = 60
"""The server removes the consumer by itself so long after we left."""

_STATUS = "Status"

OUTBOX_SURELY_KEPT = timedelta(days=6)
"""The outbox is kept for seven days; of an older message its row may be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessage:
    """A stored message with all its text, bytes as Latin-1."""

    stored: StoredMessage
    text: str
    is_recent: bool


async def messages_of(client: Client, stream: str) -> AsyncIterator[Sequence[ReadMessage]]:
    """Give batches of what a stream held when this began; nothing for a stream that is not there."""
    state = await stream_state(client, stream)
    if state is None or state[1] == 0:
        return
    pull = Pull(client, stream=stream, config=_config(), batch_max=BATCH_MAX)
    try:
        left = await pull.ensure()
        for _ in range(BATCHES_MAX):
            if left <= 0 or not (batch := await pull.take(wait_seconds=WAIT_SECONDS)):
                return
            left -= len(batch)
            yield [_read(message) for message in batch]
    finally:
        await pull.close()


async def messages_after(client: Client, stream: str, after: int) -> Sequence[ReadMessage]:
    """Give the next messages of a stream, at most BATCH_MAX, without a consumer (a batched direct get)."""
    inbox = client.new_inbox()
    arriving = await client.subscribe(inbox)
    asked = orjson.dumps({"seq": after + 1, "batch": BATCH_MAX})
    found: list[ReadMessage] = []
    try:
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", asked, reply=inbox)
        while True:
            message = await arriving.next_msg(timeout=WAIT_SECONDS)
            if _STATUS in (message.headers or {}):  # 204: that was all; 404: there is nothing
                return found
            found.append(_read_direct(message))
    finally:
        await arriving.unsubscribe()


async def stored_at(client: Client, stream: str, sequence: int) -> str:
    """Give the id of the message at a place of a stream; empty when the place is."""
    try:
        answer = await api(client, f"STREAM.MSG.GET.{stream}", {"seq": sequence})
    except JetStreamError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return ""
        raise
    return parse_headers(b64decode(answer["message"].get("hdrs", ""))).get(MESSAGE_ID, "")


async def last_sequence(client: Client, stream: str) -> int:
    """Give how far a stream is; 0 for one that is not there."""
    state = await stream_state(client, stream)
    return state[1] if state is not None else 0


async def consumers_behind(client: Client, stream: str, *, until: int | None) -> int:
    """Count the messages that durable consumers of a stream have before them or in hand, as far as `until`."""
    if await stream_state(client, stream) is None:
        return 0
    answer: Mapping[str, Any] = await api(client, f"CONSUMER.LIST.{stream}", {"offset": 0})
    durable = [each for each in answer["consumers"] or () if each["config"].get("durable_name")]
    behind = [each for each in durable if until is None or each["ack_floor"]["stream_seq"] < until]
    return sum(each["num_pending"] + each["num_ack_pending"] for each in behind)


def _config() -> dict[str, Any]:
    inactive = FORGOTTEN_AFTER_SECONDS * 1_000_000_000
    name = f"check-{secrets.token_hex(6)}"
    return {"name": name, "ack_policy": "none", "mem_storage": True, "num_replicas": 1, "inactive_threshold": inactive}


def _read(message: Msg) -> ReadMessage:
    return _read_message(message, sequence=place_of(message).sequence, subject=message.subject)


def _read_direct(message: Msg) -> ReadMessage:
    headers = message.headers or {}
    return _read_message(message, sequence=int(headers["Nats-Sequence"]), subject=headers["Nats-Subject"])


def _read_message(message: Msg, *, sequence: int, subject: str) -> ReadMessage:
    headers = message.headers or {}
    head = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return ReadMessage(
        stored=StoredMessage(sequence=sequence, message_id=headers.get(MESSAGE_ID, ""), subject=subject),
        text=f"{subject}\n{head}\n{message.data.decode('latin-1')}",
        is_recent=_is_recent(headers.get(TIME, "")),
    )


def _is_recent(time: str) -> bool:
    try:
        return datetime.now(UTC) - datetime.fromisoformat(time) < OUTBOX_SURELY_KEPT
    except (TypeError, ValueError):
        return False
