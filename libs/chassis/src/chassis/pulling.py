"""Pulling: messages of one JetStream consumer arrive in memory as the server has them, up to the credit given.

nats-py's own fetch waits behind orphaned requests and does not recover by itself; here credit is counted, heartbeats
are expected, and whatever is lost (connection, consumer, stream) is made again by the next `take`.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from chassis.jetstream import api
from chassis.nats_wire import plain, write

REQUEST_SECONDS = 5
HEARTBEAT_SECONDS = 1
"""A request waits at the server this long, and the server says every second that it still does."""

SILENCE_SECONDS = 2.5
"""After this much silence the request is taken for lost and everything is made again."""

_NANOSECONDS = 1_000_000_000
_STATUS = "Status"
_HEARTBEAT = "100"
_DOMAIN_TOKENS = 11
"""`$JS.ACK` subjects with a domain have two tokens more before the stream."""


class ConsumerLostError(Exception):
    """The consumer, its stream or the connection went away; the next `take` makes it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a delivered message stands: read from its reply subject."""

    deliveries: int
    sequence: int
    consumer_sequence: int
    pending: int


class Pull:
    """One consumer's messages. `take` is for one task only."""

    def __init__(self, client: Client, *, stream: str, config: Mapping[str, Any], batch_max: int) -> None:
        self._client, self._stream, self._config, self._batch_max = client, stream, config, batch_max
        self._arrived: deque[Msg] = deque()
        self._something = asyncio.Event()
        self._subscription: Subscription | None = None
        self._exists = self._interrupted = False
        self._outstanding = self._reconnects = 0
        self._heard_at = 0.0
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{config['name']}"

    @property
    def exists(self) -> bool:
        """Tell whether the consumer is there, as far as heard."""
        return self._exists

    @property
    def arrived(self) -> Sequence[Msg]:
        """Give what has arrived and was not taken yet; it stays."""
        return tuple(self._arrived)

    async def ensure(self) -> int:
        """Make the consumer if it is missing and give how many messages wait for it; raises what JetStream says."""
        if self._subscription is None:
            self._subscription = await self._client.subscribe(self._client.new_inbox(), cb=self._on_message)
        body = {"stream_name": self._stream, "config": dict(self._config)}
        answer = await api(self._client, f"CONSUMER.CREATE.{self._stream}.{self._config['name']}", body)
        self._exists, self._outstanding = True, 0
        self._reconnects = self._client.stats["reconnects"]
        return int(answer["num_pending"])

    async def take(self, *, wait_seconds: float) -> list[Msg]:
        """Give what has arrived, at most a batch, waiting for the first; empty when nothing came.

        Raises ConsumerLostError when something went away, nats' errors while there is no connection.
        """
        if not self._exists:
            await self.ensure()
        await self._give_credit()
        if not self._arrived:
            await self._wait(wait_seconds)
        self._look_for_loss()
        count = min(len(self._arrived), self._batch_max)
        return [self._arrived.popleft() for _ in range(count)]

    def interrupt(self) -> None:
        """Let the waiting `take` return now, and every later one at once."""
        self._interrupted = True
        self._something.set()

    def give_back(self) -> list[Msg]:
        """Give what has arrived and was not taken."""
        left = list(self._arrived)
        self._arrived.clear()
        return left

    async def close(self) -> None:
        """End the subscription; a durable stays at the server."""
        self._exists = False
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.unsubscribe()
        self._subscription = None

    async def _wait(self, seconds: float) -> None:
        self._something.clear()
        if not self._interrupted:
            try:
                await asyncio.wait_for(self._something.wait(), timeout=min(seconds, SILENCE_SECONDS))
            except TimeoutError:
                return
            await asyncio.sleep(0)  # what came in the same read of the socket joins the batch

    async def _give_credit(self) -> None:
        wanted = self._batch_max - self._outstanding - len(self._arrived)
        if wanted * 2 < self._batch_max or self._subscription is None:
            return
        expires, heartbeat = REQUEST_SECONDS * _NANOSECONDS, HEARTBEAT_SECONDS * _NANOSECONDS
        request = orjson.dumps({"batch": wanted, "expires": expires, "idle_heartbeat": heartbeat})
        await write(self._client, [plain(self._next, request, reply=self._subscription.subject)])
        if self._outstanding == 0:
            self._heard_at = monotonic()
        self._outstanding += wanted

    def _look_for_loss(self) -> None:
        silent = self._outstanding > 0 and monotonic() - self._heard_at > SILENCE_SECONDS
        reconnected = self._client.stats["reconnects"] != self._reconnects
        if not self._exists or silent or reconnected:
            self._exists = False
            raise ConsumerLostError(f"The consumer {self._config['name']} of {self._stream} went away.")

    async def _on_message(self, message: Msg) -> None:
        self._heard_at = monotonic()
        if not message.reply.startswith("$JS.ACK."):
            self._on_status(message.headers or {})
            return
        self._outstanding -= 1
        self._arrived.append(message)
        self._something.set()

    def _on_status(self, headers: Mapping[str, str]) -> None:
        if headers.get(_STATUS) == _HEARTBEAT:
            return
        left = headers.get("Nats-Pending-Messages")
        if left is None:  # deleted, unknown, or nobody there: all credit is gone with it
            self._exists, left = False, str(self._outstanding)
        self._outstanding = max(0, self._outstanding - int(left))
        self._something.set()


def place_of(message: Msg) -> Place:
    """Read where a message stands; raises ValueError for a message that is no delivery."""
    tokens = message.reply.split(".")
    first = 4 if len(tokens) < _DOMAIN_TOKENS else 6
    return Place(
        deliveries=int(tokens[first]),
        sequence=int(tokens[first + 1]),
        consumer_sequence=int(tokens[first + 2]),
        pending=int(tokens[first + 4]),
    )
