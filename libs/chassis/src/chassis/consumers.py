"""Batch consumers: durable pull, up to 200 messages a handler call, acknowledged after the commit."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import nats.errors
import structlog
from google.protobuf.message import Message
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.dead_messages import DeadMessages
from chassis.decoding import Decoder, UndecodableError
from chassis.handling import Handler, Handling
from chassis.jetstream import JetStreamError, api, stream_state
from chassis.messages import Dead, Outcome, ReceivedMessage, RetryAfter
from chassis.outages import is_outage
from chassis.patience import StoppedError, stopped_within, through_outages
from chassis.postgres import Database
from chassis.pulling import ConsumerLostError, Pull
from chassis.settling import again, done, never, tell, working
from chassis.suspects import PostgresSuspects, parted
from kernel.failpoints import FailPoint, failpoint

BATCH_MAX = 200
"""Messages a handler gets at most: above it a batch costs no less a message."""

IDLE_SECONDS = 1.0
"""An idle consumer looks at its other duties this often; messages never wait for it."""

PAUSE_SECONDS = 0.25
"""Between attempts to reach what is away."""

CHORES_SECONDS = 2.0
"""Replays asked for and messages JetStream gave up are looked for this often."""

ACK_WAIT_SECONDS = 3.0
"""What a process that died had in its hands comes again after this; who lives says so three times as often (0014)."""

FAILURES_MAX = 8
"""A message whose handling fails at this delivery, or a later one, is given up; a suspect's are its counted tries."""

DELIVERIES_MAX = 1_000
"""JetStream gives up what was delivered so often and never answered: far more than honest deaths cost, for a process is
killed or rolled out with good messages in its hands too. What ends its process itself is found long before (0016)."""

HANDLING_SECONDS_MAX = 30.0
"""A batch that takes longer, with no outage to blame, hangs: its messages are left to whoever else consumes."""

FLUSH_SECONDS = 0.5
"""A stop waits this long to know that its last acknowledgements arrived."""

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a consumer reads: its stream and durable, the subjects it subscribes, the event types it cares for."""

    stream: str
    durable: str
    subjects: tuple[str, ...]
    types: frozenset[str]


class BatchConsumer:
    """Feeds one durable's messages to one handler; replicas share the durable and so the work."""

    def __init__(
        self,
        client: Client,
        database: Database,
        *,
        stream: str,
        durable: str,
        subjects: Sequence[str],
        types: Sequence[type[Message]],
        handler: Handler,
        batch_max: int = BATCH_MAX,
        ack_wait_seconds: float = ACK_WAIT_SECONDS,
        handling_seconds_max: float = HANDLING_SECONDS_MAX,
        ack_pending_max: int = 1_000,
        failures_max: int = FAILURES_MAX,
        deliveries_max: int = DELIVERIES_MAX,
        backoff_seconds: Sequence[float] = (1, 5, 15, 60, 300),
    ) -> None:
        self._client, self._stream, self._durable = client, stream, durable
        names = frozenset(each.DESCRIPTOR.full_name for each in types)
        self.reads = Reads(stream=stream, durable=durable, subjects=tuple(subjects), types=names)
        self._stopping = asyncio.Event()
        self._decoder = Decoder(types)
        self._handling = Handling(
            handler,
            consumer=durable,
            suspects=PostgresSuspects(database, consumer=durable),
            failures_max=failures_max,
            backoff_seconds=backoff_seconds,
            stop=self._stopping,
        )
        self._dead = DeadMessages(client, database, stream=stream, durable=durable, decoder=self._decoder)
        config = _configuration(durable, subjects, ack_wait_seconds, ack_pending_max, deliveries_max)
        self._pull = Pull(client, stream=stream, config=config, batch_max=batch_max)
        self._in_hand: Sequence[Msg] = ()
        self._in_hand_at = 0.0
        self._working_seconds, self._handling_seconds_max = ack_wait_seconds / 3, handling_seconds_max
        self._chores_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until stopped; then the batch in hand is finished and acknowledged, the rest given back.

        May be run again after it crashed: what it told itself then holds no longer.
        """
        self._stopping.clear()
        beside = [asyncio.create_task(self._stop_with(stop)), asyncio.create_task(self._keep_working())]
        try:
            while not stop.is_set():
                await self._step()
        finally:
            for task in beside:
                task.cancel()
            await self.close()

    async def run_once(self, *, wait_seconds: float = IDLE_SECONDS) -> int:
        """Handle what is waiting, one batch at most; gives how many messages were taken."""
        taken = self._in_hand = await self._pull.take(wait_seconds=wait_seconds)
        self._in_hand_at = monotonic()
        if not taken:
            return 0
        failpoint(FailPoint.CONSUMER_FETCHED)
        for part in parted([self._read(message) for message in taken], deliveries=_Delivery.count):
            await self._handle(part)
            handled = {id(each.message) for each in part}
            self._in_hand = [message for message in self._in_hand if id(message) not in handled]
            self._in_hand_at = monotonic()
        return len(taken)

    async def run_chores(self) -> None:
        """Replay the dead letters that were asked for, and keep the messages that JetStream gave up."""
        await self._dead.replay(self._handling)
        await self._dead.collect()

    async def pending(self) -> int:
        """Count the messages not yet delivered or not yet acknowledged; 1 while that cannot be known.

        JetStream tells 0 for a moment while it makes a consumer, so it is only believed about one this process has.
        """
        known = await self._info() if self._pull.exists else None
        return _pending(known) if known is not None else 1

    async def progress(self) -> tuple[int, int] | None:
        """Say up to which place of the stream messages were delivered, and up to which all are acknowledged.

        None while that cannot be known. Places start anew when a stream is made anew.
        """
        known = await self._info()
        return _progress(known) if known is not None else None

    async def last_place(self) -> int | None:
        """Say the place of the stream's newest message; None while that cannot be known."""
        try:
            state = await stream_state(self._client, self._stream)
        except (JetStreamError, nats.errors.Error):
            return None
        return state[1] if state is not None else None

    async def has_handled(self, place: int) -> bool:
        """Whether what the stream held up to a place is acknowledged; False while that cannot be known."""
        known = await self._info() if self._pull.exists else None
        return known is not None and (_progress(known)[1] >= place or _pending(known) == 0)

    async def close(self) -> None:
        """Give back what was not handled, see the acknowledgements off, and end the subscriptions."""
        self._stopping.set()
        await tell(self._client, [again(message) for message in (*self._in_hand, *self._pull.give_back())])
        self._in_hand = ()
        if self._client.is_connected:
            await self._pull.close()
            await self._dead.close()
            await _flush(self._client)

    async def _info(self) -> dict[str, Any] | None:
        try:
            return await api(self._client, f"CONSUMER.INFO.{self._stream}.{self._durable}")
        except (JetStreamError, nats.errors.Error):
            return None

    async def _step(self) -> None:
        try:
            await self.run_once()
            if monotonic() - self._chores_at > CHORES_SECONDS:
                self._chores_at = monotonic()
                await self.run_chores()
        except (ConsumerLostError, StoppedError) as error:
            structlog.get_logger().info("consumer_interrupted", consumer=self._durable, cause=str(error))
        except Exception as error:
            if not (isinstance(error, JetStreamError) or is_outage(error)):
                raise
            structlog.get_logger().warning("consumer_waits", consumer=self._durable, cause=str(error))
            await stopped_within(self._stopping, PAUSE_SECONDS)

    async def _handle(self, deliveries: Sequence["_Delivery"]) -> None:
        firsts: dict[str, ReceivedMessage] = {}  # of two copies in one batch the handler sees one
        for each in deliveries:
            if each.received is not None:
                firsts.setdefault(each.received.message_id, each.received)
        received = list(firsts.values())
        outcomes = await self._handling.handle(received, meanwhile=self._say_working) if received else {}
        verdicts = [(each.message, each.verdict(outcomes)) for each in deliveries]
        given_up = [(message, verdict) for message, verdict in verdicts if isinstance(verdict, Dead)]
        if given_up:
            await through_outages(
                lambda: self._dead.keep(given_up), what=self._durable, stop=self._stopping, meanwhile=self._say_working
            )
        failpoint(FailPoint.CONSUMER_HANDLED)
        await tell(self._client, [_command(message, verdict) for message, verdict in verdicts])
        failpoint(FailPoint.CONSUMER_ACKNOWLEDGED)

    def _read(self, message: Msg) -> "_Delivery":
        try:
            return _Delivery(message=message, received=self._decoder.decode(message), broken=None)
        except UndecodableError as error:
            return _Delivery(message=message, received=None, broken=Dead(reason=f"undecodable: {error}"))

    async def _say_working(self) -> None:
        self._in_hand_at = monotonic()
        await tell(self._client, working(self._in_hand))

    async def _keep_working(self) -> None:
        """Say of everything that is here that it is being worked on, until the batch in hand hangs."""
        while True:
            await asyncio.sleep(self._working_seconds)
            if self._in_hand and monotonic() - self._in_hand_at < self._handling_seconds_max:
                await tell(self._client, working((*self._in_hand, *self._pull.arrived)))

    async def _stop_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping.set()
        self._pull.interrupt()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    message: Msg
    received: ReceivedMessage | None
    broken: Dead | None

    def count(self) -> int:
        """Say how often it was delivered; 0 for what no handler will see."""
        return self.received.deliveries if self.received else 0

    def verdict(self, outcomes: dict[str, Outcome]) -> Outcome | None:
        """Say what becomes of it: None is done, as is a message of a type that is not ours."""
        return self.broken or (outcomes.get(self.received.message_id) if self.received else None)


def _command(message: Msg, verdict: Outcome | None) -> bytes:
    match verdict:
        case None:
            return done(message)
        case RetryAfter(seconds=seconds):
            return again(message, seconds=seconds)
        case Dead():
            return never(message)


def _pending(info: Mapping[str, Any]) -> int:
    return int(info["num_pending"]) + int(info["num_ack_pending"])


def _progress(info: Mapping[str, Any]) -> tuple[int, int]:
    delivered = int(info["delivered"]["stream_seq"])
    return delivered, int(info["ack_floor"]["stream_seq"]) if info["num_ack_pending"] else delivered


def _configuration(
    durable: str, subjects: Sequence[str], ack_wait_seconds: float, ack_pending_max: int, deliveries_max: int
) -> dict[str, Any]:
    return {
        "name": durable,
        "durable_name": durable,
        "ack_policy": "explicit",
        "ack_wait": int(ack_wait_seconds * _NANOSECONDS),
        "max_ack_pending": ack_pending_max,
        "max_deliver": deliveries_max,
        "filter_subjects": list(subjects),
        "deliver_policy": "all",
    }


async def _flush(client: Client) -> None:
    try:
        await client.flush(timeout=FLUSH_SECONDS)  # type: ignore[arg-type]  # any number will do
    except (nats.errors.Error, TimeoutError):
        return
