"""A key-value bucket as a read model: all of it in memory, first synced whole, then followed."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from nats.aio.client import Client

T = TypeVar("T")


class KeyValueModel(Generic[T]):
    """`values` holds every key of a bucket, decoded; it is complete once `is_synced` says so."""

    def __init__(self, client: Client, *, bucket: str, decode: Callable[[str, bytes], T]) -> None:
        self._client, self._bucket, self._decode = client, bucket, decode
        self._values: dict[str, T] = {}
        self._synced = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def values(self) -> Mapping[str, T]:
        """Give a live, read-only view."""
        return MappingProxyType(self._values)

    async def is_synced(self) -> bool:
        """Tell whether the first whole sync has ended; a probe for `lifecycle.ready_after`."""
        return self._synced.is_set()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this after keys changed."""
        self._listeners.append(listener)

    async def run(self, stop: asyncio.Event) -> None:
        """Sync, then follow until stopped."""
        raise NotImplementedError
