"""The relay: carries the outbox to JetStream, one active relay a database; the broker is only a cache of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import TypeAlias

import asyncpg
import nats.errors
import structlog
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.atomic_batch import Publisher
from chassis.exporting import meter
from chassis.jetstream import STREAMS, JetStreamError, StreamSpec
from chassis.outages import is_outage
from chassis.outbox import KeyValueChange, add_outbox
from chassis.patience import stopped_within
from chassis.postgres import Database
from chassis.relay_publishing import Published, publish, reason_unsendable
from chassis.relay_session import ROWS_MAX, OutboxRow, RelaySession
from chassis.relay_streams import RelayStreams
from kernel.failpoints import FailPoint, failpoint

Rebuild: TypeAlias = Callable[[AsyncConnection], Awaitable[Sequence[KeyValueChange]]]

POLL_SECONDS = 0.25
"""The net under the wake-ups: a commit whose process died before it could wake anyone waits this long at most."""

STAND_BY_SECONDS = 1.0
"""A relay that stands by asks this often whether the active one is gone."""

NOTICE_SECONDS = 0.01
"""Notices to an active relay elsewhere: one in 10 ms, for NOTIFY takes a lock of the whole server at commit."""

CHECK_SECONDS = 5.0
"""Streams are compared with what is remembered this often, and after every reconnect."""

PAUSE_SECONDS = 0.25
"""Between attempts while PostgreSQL or NATS is away."""

LAG_SECONDS = 30.0
"""A message that waits longer than this is an alarm, told again this often."""

_lag = meter("hashtill.relay").create_gauge(
    "hashtill.relay.lag",
    unit="s",
    description="How long the oldest unpublished message waits; told by the active relay.",
)

PART_MAX = 500
"""Rows published at once (the server's bound of an atomic batch is 1,000); meanwhile the part before is marked, which
takes half as long."""

ATTEMPTS_MAX = 3
"""A row that JetStream refuses this often, for its own sake, is parked as a dead letter."""


class Relay:
    """Publishes outbox rows in order; survives restarts of PostgreSQL and NATS, and the loss of a stream."""

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        streams: Sequence[StreamSpec] = STREAMS,
        rebuild: Mapping[str, Rebuild] | None = None,
        replicas: int = 1,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database, self._client = database, client
        self._rebuild = {f"KV_{bucket}": rebuild_bucket for bucket, rebuild_bucket in (rebuild or {}).items()}
        self._streams = RelayStreams(client, specs=streams, replicas=replicas, on_new=self._refill)
        self._session: RelaySession | None = None
        self._publisher: Publisher | None = None
        self._attempts: dict[int, int] = {}
        self._woken, self._poll_seconds = asyncio.Event(), poll_seconds
        self._checked_at = self._lag_told_at = 0.0
        self._checked_reconnects = -1
        database.on_announced(self.wake)

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until stopped, standing by while another relay is active."""
        watch = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                await self._turn(stop)
        finally:
            watch.cancel()
            await self.close()

    async def run_once(self) -> int:
        """Publish what is waiting, ROWS_MAX at most; gives how many were taken up, 0 while another relay is active."""
        session = await self._open()
        if not await session.lead():
            return 0
        await self._check_if_due(session)
        rows = await session.unpublished()
        self._tell_lag(session.oldest_seconds)
        return await self._send(session, rows) if rows else 0

    async def close(self) -> None:
        """Give the lock to whoever stands by."""
        session, self._session = self._session, None
        _lag.set(0.0)  # whoever is active now tells its own
        if session is not None:
            await session.close()

    @property
    def is_active(self) -> bool:
        """Tell whether this is the active relay of the database."""
        return self._session is not None and self._session.leading

    def wake(self) -> None:
        """Look at the outbox now."""
        self._woken.set()

    async def _turn(self, stop: asyncio.Event) -> None:
        try:
            self._woken.clear()
            sent = await self.run_once()
            if not self.is_active:
                await self._stand_by(stop)
            elif sent < ROWS_MAX:  # nothing waits behind a batch that is not full, or it woke us
                await self._rest(self._poll_seconds)
        except Exception as error:
            if not (isinstance(error, JetStreamError | TimeoutError | asyncpg.PostgresError) or is_outage(error)):
                raise
            structlog.get_logger().warning("relay_waits", cause=f"{type(error).__name__}: {error}")
            if not isinstance(error, JetStreamError | TimeoutError | nats.errors.Error):
                await self.close()  # whatever the session said, a new one starts clean
            await stopped_within(stop, PAUSE_SECONDS)

    async def _stand_by(self, stop: asyncio.Event) -> None:
        if await self._rest(STAND_BY_SECONDS) and self._session is not None and not stop.is_set():
            await self._session.notify()
            await stopped_within(stop, NOTICE_SECONDS)

    async def _open(self) -> RelaySession:
        if self._session is None or self._session.is_closed:
            self._checked_reconnects = -1
            self._session = await RelaySession.open(
                self._database.dsn, application_name="relay", on_notice=self._woken.set
            )
        if self._publisher is None:
            self._publisher = await Publisher(self._client).start()
        return self._session

    async def _check_if_due(self, session: RelaySession) -> None:
        reconnects = self._client.stats["reconnects"]
        if reconnects != self._checked_reconnects or monotonic() - self._checked_at > CHECK_SECONDS:
            connected = reconnects != self._checked_reconnects
            await self._streams.check(session, names=tuple(self._rebuild), holes=connected)
            await session.unpark()
            self._checked_at, self._checked_reconnects = monotonic(), reconnects

    async def _send(self, session: RelaySession, rows: Sequence[OutboxRow]) -> int:
        """Publish part by part in order; while a part is on its way, the one before it is marked."""
        failpoint(FailPoint.RELAY_SELECTED)
        stored: Mapping[str, Published] = {}
        for first in range(0, len(rows), PART_MAX):
            groups = await self._grouped(session, rows[first : first + PART_MAX])
            sending = asyncio.ensure_future(self._publish(groups))
            try:
                await self._mark_all(session, stored)
            finally:  # what the broker has is marked, though marking the part before failed
                stored = await sending
            failpoint(FailPoint.RELAY_STORED)
            if not self._went_well(stored):
                break
        await self._mark_all(session, stored)
        return len(rows)

    async def _grouped(self, session: RelaySession, rows: Sequence[OutboxRow]) -> dict[str, list[OutboxRow]]:
        groups: dict[str, list[OutboxRow]] = {}
        for row in rows:
            stream = self._streams.stream_of(row.subject)
            reason = reason_unsendable(row, stream=stream, payload_max=self._client.max_payload)
            if reason or stream is None:
                await self._park(session, row, reason=reason or "")
            else:
                groups.setdefault(stream, []).append(row)
        if unknown := [name for name in groups if self._streams.created(name) is None]:
            await self._streams.check(session, names=unknown)
        return groups

    async def _publish(self, groups: Mapping[str, Sequence[OutboxRow]]) -> Mapping[str, Published]:
        if self._publisher is None:
            raise RuntimeError("The relay publishes only once it is open.")
        outcomes = await asyncio.gather(*(publish(self._publisher, rows) for rows in groups.values()))
        return dict(zip(groups, outcomes, strict=True))

    def _went_well(self, stored: Mapping[str, Published]) -> bool:
        """Tell whether what comes behind may follow: all is stored, and in a stream that lost nothing."""
        return not any(
            outcome.refused or outcome.outage or self._streams.went_back(stream, outcome.new_sequences)
            for stream, outcome in stored.items()
        )

    async def _mark_all(self, session: RelaySession, stored: Mapping[str, Published]) -> None:
        for stream, outcome in stored.items():
            await self._mark(session, stream, outcome)
        for outcome in stored.values():
            await self._count_failures(session, outcome)
        if stored:
            failpoint(FailPoint.RELAY_MARKED)

    async def _mark(self, session: RelaySession, stream: str, outcome: Published) -> None:
        if not outcome.stored:
            return
        if self._streams.went_back(stream, outcome.new_sequences):
            await self._streams.rewind(session, stream, first_new=min(outcome.new_sequences))
            return
        created = self._streams.created(stream) or ""
        await session.mark(stream=stream, created=created, stored=outcome.stored)
        self._streams.advanced(stream, max(sequence for _, sequence in outcome.stored))
        for row, _ in outcome.stored:
            self._attempts.pop(row.id, None)

    async def _count_failures(self, session: RelaySession, outcome: Published) -> None:
        for row, error in outcome.refused:
            self._attempts[row.id] = self._attempts.get(row.id, 0) + 1
            if self._attempts[row.id] >= ATTEMPTS_MAX:
                await self._park(session, row, reason=str(error))
        if outcome.outage is not None:
            self._checked_at = 0.0
            raise outcome.outage

    async def _park(self, session: RelaySession, row: OutboxRow, *, reason: str) -> None:
        attempts = self._attempts.pop(row.id, 0)
        await session.park(row, reason=reason, attempts=attempts)
        structlog.get_logger().error("outbox_row_parked", message_id=row.message_id, subject=row.subject, reason=reason)

    async def _refill(self, stream: str) -> None:
        """Put a lost bucket's keys into the outbox again, from the owner's tables."""
        if (rebuild := self._rebuild.get(stream)) is not None:
            async with self._database.transaction() as connection:
                await add_outbox(connection, await rebuild(connection), skip_known=True)

    def _tell_lag(self, oldest_seconds: float) -> None:
        _lag.set(oldest_seconds)
        if oldest_seconds > LAG_SECONDS and monotonic() - self._lag_told_at > LAG_SECONDS:
            self._lag_told_at = monotonic()
            structlog.get_logger().error("relay_lags", oldest_seconds=round(oldest_seconds))

    async def _rest(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), timeout=seconds)
        return self._woken.is_set()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._woken.set()
