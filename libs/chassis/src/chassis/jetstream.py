"""JetStream: one connection a process, and the streams as they should be, declared and made idempotently."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from nats.aio.client import Client

from chassis.lifecycle import NotThereError
from chassis.message_headers import CLOSING_LINE
from chassis.nats_wire import LeanClient, answers
from kernel.secret import Secret

WAIT_SECONDS = 60.0
"""How long a start waits for NATS before it gives up and says so."""

RECONNECT_SECONDS = 0.25
PING_SECONDS = 5
PINGS_UNANSWERED_MAX = 2
"""A dead connection is noticed within 10 s even if its socket never says so."""

PENDING_BYTES = 64 * 1024 * 1024
"""Bytes that may wait for the socket: several full batches of the largest messages."""

API_SECONDS = 5.0

CAUSES_MAX = 3
"""Different causes that the sentence of a failed start names."""

DUPLICATE_WINDOW_SECONDS = 600
MAX_AGE_SECONDS = 8 * 86_400
"""A day longer than the outbox is kept."""

_NANOSECONDS = 1_000_000_000
_NAME_IN_USE = 10_058
_NOT_FOUND = 404


class JetStreamError(Exception):
    """JetStream said no: an HTTP-like code, its own error code and its words."""

    def __init__(self, *, code: int, error_code: int, description: str) -> None:
        super().__init__(f"JetStream: {description} (code {code}, error {error_code})")
        self.code, self.error_code, self.description = code, error_code, description


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message as a stream holds it; headers are one block, without its closing line."""

    subject: str
    headers: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """A stream as it should be; everything not named here is the same for all of ours (see `configuration`)."""

    name: str
    subjects: tuple[str, ...]
    max_age_seconds: int = MAX_AGE_SECONDS
    per_subject_max: int = -1

    @property
    def is_key_value(self) -> bool:
        """Tell whether this is a key-value bucket."""
        return self.name.startswith("KV_")

    def takes(self, subject: str) -> bool:
        """Tell whether messages on this subject go into the stream; our patterns end in `.>`."""
        return any(subject.startswith(pattern.removesuffix(">")) for pattern in self.subjects)


def service_stream(service: str) -> StreamSpec:
    """Give the stream of a service's facts: `service_stream("orders")` is ORDERS."""
    return StreamSpec(name=service.upper(), subjects=(f"hashtill.{service}.v1.>",))


def bucket(name: str) -> StreamSpec:
    """Give a key-value bucket: one message a key, kept for ever."""
    return StreamSpec(name=f"KV_{name}", subjects=(f"$KV.{name}.>",), max_age_seconds=0, per_subject_max=1)


SOCIAL = StreamSpec(name="SOCIAL", subjects=("social.>",))
KNOWN_TAGS = bucket("known_tags")
ADVISORIES = StreamSpec(
    name="ADVISORIES",
    subjects=("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"),
)
"""JetStream tells only once, and to whoever listens, that it gave a message up; this stream listens always."""

STREAMS = (
    *(service_stream(name) for name in ("identity", "offers", "orders", "payments", "notifier")),
    SOCIAL,
    KNOWN_TAGS,
    ADVISORIES,
)
"""Every stream of the suite; each service makes sure of all at start, whoever comes first."""


async def connect(url: Secret[str], *, name: str, wait_seconds: float = WAIT_SECONDS) -> Client:
    """Connect, waiting for the server; afterwards the client reconnects by itself for ever. Raises NotThereError."""
    client, heard = LeanClient(), dict[str, None]()
    connecting = client.connect(
        url.reveal(),
        name=name,
        connect_timeout=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_SECONDS,  # type: ignore[arg-type]  # it sleeps so long; any number will do
        ping_interval=PING_SECONDS,
        max_outstanding_pings=PINGS_UNANSWERED_MAX,
        pending_size=PENDING_BYTES,
        error_cb=_telling(heard),
        disconnected_cb=_disconnected,
        reconnected_cb=_reconnected,
    )
    try:
        await asyncio.wait_for(connecting, timeout=wait_seconds)
    except TimeoutError:
        said = "".join(f" ({cause})" for cause in heard)
        raise NotThereError(
            f"NATS did not answer within {wait_seconds:.0f} s{said}. Start it, or correct HASHTILL_NATS_URL."
        ) from None
    return client


async def api(client: Client, subject: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask JetStream's API; raises JetStreamError for a no, and nats' own errors when nobody answers."""
    payload = orjson.dumps(body) if body else b""
    asking = asyncio.ensure_future(client.request(f"$JS.API.{subject}", payload, timeout=API_SECONDS))
    try:
        await answers(client, [asking], seconds_max=API_SECONDS + 1)
    except BaseException:
        asking.cancel()
        raise
    answer: dict[str, Any] = orjson.loads((await asking).data)
    raise_error(answer)
    return answer


def raise_error(answer: dict[str, Any]) -> None:
    """Raise what an answer of JetStream calls an error."""
    if error := answer.get("error"):
        raise JetStreamError(
            code=error.get("code", 0), error_code=error.get("err_code", 0), description=error.get("description", "")
        )


async def ensure_streams(client: Client, specs: tuple[StreamSpec, ...] = STREAMS, *, replicas: int = 1) -> None:
    """Make every stream that is missing and correct what differs; safe from every process at once.

    Copies are only ever added: a stream that an operator keeps on more servers stays there.
    """
    for spec in specs:
        await _ensure(client, spec, replicas=replicas)


async def stream_state(client: Client, name: str) -> tuple[str, int] | None:
    """Give when a stream was created (as told) and its last sequence; None when there is no such stream."""
    try:
        answer = await api(client, f"STREAM.INFO.{name}")
    except JetStreamError as error:
        if error.code == _NOT_FOUND:
            return None
        raise
    return answer["created"], int(answer["state"]["last_seq"])


async def message_at(client: Client, name: str, place: int) -> StoredMessage | None:
    """Give the message at a place of a stream; None when the place holds none."""
    try:
        answer = await api(client, f"STREAM.MSG.GET.{name}", {"seq": place})
    except JetStreamError as error:
        if error.code == _NOT_FOUND:
            return None
        raise
    kept = answer["message"]
    return StoredMessage(
        subject=kept["subject"],
        headers=base64.b64decode(kept.get("hdrs", "")).removesuffix(CLOSING_LINE),
        body=base64.b64decode(kept.get("data", "")),
    )


async def missing_places(client: Client, name: str) -> Sequence[int]:
    """Give the places between a stream's first and last that hold nothing: lost, or replaced where a key has one."""
    answer = await api(client, f"STREAM.INFO.{name}", {"deleted_details": True})
    state = answer["state"]
    if not state["messages"]:
        return range(1, int(state["last_seq"]) + 1)
    return state.get("deleted") or ()


def configuration(spec: StreamSpec, *, replicas: int) -> dict[str, Any]:
    """Give the whole configuration of a stream: file storage, limits, duplicate window, atomic batches."""
    return {
        "name": spec.name,
        "subjects": list(spec.subjects),
        "storage": "file",
        "retention": "limits",
        "discard": "new" if spec.is_key_value else "old",
        "max_age": spec.max_age_seconds * _NANOSECONDS,
        "max_msgs_per_subject": spec.per_subject_max,
        "duplicate_window": DUPLICATE_WINDOW_SECONDS * _NANOSECONDS,
        "num_replicas": replicas,
        "allow_atomic": True,
        "allow_direct": True,
        "allow_rollup_hdrs": spec.is_key_value,
        "deny_delete": spec.is_key_value,
    }


async def _ensure(client: Client, spec: StreamSpec, *, replicas: int) -> None:
    wanted = configuration(spec, replicas=replicas)
    try:
        answer = await api(client, f"STREAM.CREATE.{spec.name}", wanted)
    except JetStreamError as error:
        if error.error_code != _NAME_IN_USE:
            raise
        answer = await api(client, f"STREAM.INFO.{spec.name}")
    if (corrected := correction(answer["config"], wanted)) is not None:
        await api(client, f"STREAM.UPDATE.{spec.name}", corrected)


def correction(stands: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give a stream's configuration as it should be; None when it is so, or has only more copies."""
    due = {**wanted, "num_replicas": max(wanted["num_replicas"], stands.get("num_replicas", 1))}
    differs = any(stands.get(field, type(value)()) != value for field, value in due.items())
    return {**stands, **due} if differs else None


def _telling(heard: dict[str, None]) -> Callable[[Exception], Awaitable[None]]:
    async def tell(error: Exception) -> None:
        cause = str(error) or type(error).__name__
        if len(heard) < CAUSES_MAX:
            heard[cause] = None
        structlog.get_logger().warning("nats_error", cause=cause)

    return tell


async def _disconnected() -> None:
    structlog.get_logger().warning("nats_disconnected")


async def _reconnected() -> None:
    structlog.get_logger().info("nats_reconnected")
