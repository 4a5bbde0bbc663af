"""A key-value bucket as a read model: all of it in memory, first synced whole, then followed."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.jetstream import JetStreamError
from chassis.patience import stopped_within
from chassis.pulling import ConsumerLostError, Pull, place_of

BATCH_MAX = 1_000
"""Keys taken in one go while syncing."""

IDLE_SECONDS = 1.0
PAUSE_SECONDS = 0.25
"""Between attempts while NATS or the bucket is away; the values stay as they were."""

FORGOTTEN_AFTER_SECONDS = 30
"""The server forgets the consumer of a process that has gone after this."""

_NANOSECONDS = 1_000_000_000
_DELETIONS = frozenset({"DEL", "PURGE"})

T = TypeVar("T")


class KeyValueModel(Generic[T]):
    """`values` holds every key of a bucket, decoded; it is complete once `is_synced` says so.

    A key goes when its owner deletes it, which leaves a mark in the bucket; that a bucket lacks it says nothing.

    A value that `decode` cannot read (it raises ValueError) is logged and left out.
    """

    def __init__(self, client: Client, *, bucket: str, decode: Callable[[str, bytes], T]) -> None:
        self._client, self._stream, self._decode = client, f"KV_{bucket}", decode
        self._prefix = f"$KV.{bucket}."
        self._values: dict[str, T] = {}
        self._synced = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def values(self) -> Mapping[str, T]:
        """Give the values as they are now; ask again for later ones."""
        return MappingProxyType(self._values)

    async def is_synced(self) -> bool:
        """Tell whether the first whole sync has ended; a probe for `lifecycle.ready_after`."""
        return self._synced.is_set()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this after keys changed."""
        self._listeners.append(listener)

    async def run(self, stop: asyncio.Event) -> None:
        """Sync, then follow until stopped; whatever is lost on the way is synced again from the start."""
        while not stop.is_set():
            try:
                await self._sync_and_follow(stop)
            except (ConsumerLostError, JetStreamError, nats.errors.Error, TimeoutError) as error:
                structlog.get_logger().info("key_value_syncs_again", bucket=self._stream, cause=str(error))
                await stopped_within(stop, PAUSE_SECONDS)

    async def _sync_and_follow(self, stop: asyncio.Event) -> None:
        pull = Pull(self._client, stream=self._stream, config=_configuration(self._stream), batch_max=BATCH_MAX)
        watch = asyncio.create_task(_interrupt_on(stop, pull))
        try:
            fresh = dict(self._values)  # a bucket that was lost is empty until its owner has filled it again
            left, follow = await pull.ensure(), _Following()
            while left and not stop.is_set():
                messages = await pull.take(wait_seconds=IDLE_SECONDS)
                left = follow.through(messages, left=left)
                self._apply(messages, fresh)
            if not left:
                self._replace(fresh)
            while not stop.is_set():
                messages = await pull.take(wait_seconds=IDLE_SECONDS)
                follow.through(messages, left=0)
                self._follow(messages)
        finally:
            watch.cancel()
            await pull.close()

    def _replace(self, fresh: dict[str, T]) -> None:
        changed = fresh != self._values or not self._synced.is_set()
        self._values = fresh
        self._synced.set()
        if changed:
            self._tell()

    def _follow(self, messages: Sequence[Msg]) -> None:
        if messages:
            self._apply(messages, self._values)
            self._tell()

    def _apply(self, messages: Sequence[Msg], values: dict[str, T]) -> None:
        for message in messages:
            key, headers = message.subject.removeprefix(self._prefix), message.headers or {}
            if headers.get("KV-Operation") in _DELETIONS or "Nats-Marker-Reason" in headers:
                values.pop(key, None)
                continue
            try:
                values[key] = self._decode(key, message.data)
            except ValueError as error:
                structlog.get_logger().error("key_value_unreadable", bucket=self._stream, key=key, cause=str(error))

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class _Following:
    """Sees that no message of the consumer is missing; what is not acknowledged is never sent twice."""

    def __init__(self) -> None:
        self._last = 0

    def through(self, messages: Sequence[Msg], *, left: int) -> int:
        """Go through messages and give how many are left to come; raises ConsumerLostError at a gap."""
        for message in messages:
            place = place_of(message)
            if place.consumer_sequence != self._last + 1:
                raise ConsumerLostError("A message of the bucket was missed.")
            self._last, left = place.consumer_sequence, place.pending
        return left


def _configuration(stream: str) -> dict[str, Any]:
    return {
        "name": f"{stream}-{secrets.token_hex(8)}",
        "ack_policy": "none",
        "deliver_policy": "last_per_subject",
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": FORGOTTEN_AFTER_SECONDS * _NANOSECONDS,
        "filter_subjects": [f"$KV.{stream.removeprefix('KV_')}.>"],
    }


async def _interrupt_on(stop: asyncio.Event, pull: Pull) -> None:
    await stop.wait()
    pull.interrupt()
