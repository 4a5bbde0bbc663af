"""The relay's view of its streams: one that is younger or shorter than remembered lost messages; they go again."""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache

import structlog
from nats.aio.client import Client

from chassis.jetstream import StreamSpec, ensure_streams, message_at, missing_places, stream_state
from chassis.message_headers import MESSAGE_ID, parse_headers
from chassis.relay_session import KnownStream, RelaySession, Told

RESENT_MARGIN = 1_000
"""Sent again below a lost tail too: new messages may have taken lost places just before a crash. Copies do no harm."""


class RelayStreams:
    """Knows which stream takes which subject, and whether streams are as they were left."""

    def __init__(
        self, client: Client, *, specs: Sequence[StreamSpec], replicas: int, on_new: Callable[[str], Awaitable[None]]
    ) -> None:
        self._on_new = on_new
        self._client, self._replicas = client, replicas
        self._specs = {spec.name: spec for spec in specs}
        self._known: dict[str, KnownStream] = {}
        self.stream_of = lru_cache(maxsize=65_536)(self._find)

    def created(self, stream: str) -> str | None:
        """Tell when a stream was created, as last checked; None for one not checked yet."""
        known = self._known.get(stream)
        return known.created if known else None

    def advanced(self, stream: str, sequence: int) -> None:
        """Note how far a stream is now."""
        known = self._known[stream]
        if sequence > known.last_sequence:
            self._known[stream] = KnownStream(created=known.created, last_sequence=sequence)

    def went_back(self, stream: str, new_sequences: Sequence[int]) -> bool:
        """Tell whether newly stored messages got places that were taken before."""
        return bool(new_sequences) and min(new_sequences) <= self._known[stream].last_sequence

    async def check(self, session: RelaySession, *, names: Sequence[str] = (), holes: bool = False) -> None:
        """Compare the streams published to, and these, with what is remembered, and un-publish what they lost.

        `holes` looks for lost places below a stream's end too, once a connection: a broker that starts on a torn file
        leaves the place out and goes on behind it.
        """
        remembered = await session.known_streams()
        now = {name: state for name in sorted({*remembered, *names}) if (state := await self._state(name)) is not None}
        for name, state in now.items():
            await self._compare(session, name, before=remembered.get(name), now=state)
            if holes:
                await self._fill_holes(session, name)
        for name, told in (await session.newest_told()).items():
            if name in now and told.place <= now[name].last_sequence:
                await self._look_at(session, name, told)

    async def rewind(self, session: RelaySession, stream: str, *, first_new: int) -> None:
        """Un-publish from the first place that was given twice (and a margin), then look at the stream afresh."""
        count = await session.unpublish_above(stream, max(0, first_new - 1 - RESENT_MARGIN))
        structlog.get_logger().error("stream_lost_messages", stream=stream, from_sequence=first_new, sent_again=count)
        known = self._known[stream]
        await session.remember(stream, KnownStream(created=known.created, last_sequence=first_new - 1))
        await self.check(session)

    async def _compare(self, session: RelaySession, name: str, *, before: KnownStream | None, now: KnownStream) -> None:
        recreated = before is not None and before.created != now.created
        if before is not None and (recreated or now.last_sequence < before.last_sequence):
            above = 0 if recreated else max(0, now.last_sequence - RESENT_MARGIN)
            count = await session.unpublish_above(name, above)
            structlog.get_logger().error("stream_lost_messages", stream=name, recreated=recreated, sent_again=count)
        if before is None or recreated:
            await self._on_new(name)
        if before != now:
            await session.remember(name, now)
        self._known[name] = now

    async def _look_at(self, session: RelaySession, name: str, told: Told) -> None:
        """Un-publish a tail that was lost and whose places were given again before anybody looked.

        Who published into the lost places died before it could note that they were lower than they should be.
        """
        held = await message_at(self._client, name, told.place)
        if held is not None and parse_headers(held.headers).get(MESSAGE_ID) != told.message_id:
            count = await session.unpublish_above(name, max(0, told.place - 1 - RESENT_MARGIN))
            log = structlog.get_logger()
            log.error("stream_lost_messages", stream=name, from_sequence=told.place, sent_again=count)

    async def _fill_holes(self, session: RelaySession, name: str) -> None:
        spec = self._specs.get(name)
        places = await missing_places(self._client, name)
        newest_only = spec is not None and spec.is_key_value
        if count := await session.unpublish_missing(name, places, newest_only=newest_only):
            structlog.get_logger().error("stream_has_holes", stream=name, sent_again=count)

    async def _state(self, name: str) -> KnownStream | None:
        state = await stream_state(self._client, name)
        if state is None and (spec := self._specs.get(name)) is not None:
            await ensure_streams(self._client, (spec,), replicas=self._replicas)
            state = await stream_state(self._client, name)
        return KnownStream(created=state[0], last_sequence=state[1]) if state else None

    def _find(self, subject: str) -> str | None:
        return next((spec.name for spec in self._specs.values() if spec.takes(subject)), None)
