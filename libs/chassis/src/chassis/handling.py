"""Handling: one batch through one handler; an outage is waited out, and only the guilty message of a batch fails."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import structlog

from chassis.messages import Dead, Outcome, ReceivedMessage, RetryAfter
from chassis.outages import is_outage
from chassis.patience import StoppedError, through_outages
from chassis.suspects import SUSPECTED_AT, TRIES_MAX, Suspects
from chassis.telemetry import batch_span

Handler: TypeAlias = Callable[[Sequence[ReceivedMessage]], Awaitable[Mapping[str, Outcome] | None]]
Meanwhile: TypeAlias = Callable[[], Awaitable[None]] | None
"""What is done before every pause of an outage."""


class Handling:
    """Calls the handler of one consumer."""

    def __init__(
        self,
        handler: Handler,
        *,
        consumer: str,
        suspects: Suspects,
        failures_max: int,
        backoff_seconds: Sequence[float],
        stop: asyncio.Event,
    ) -> None:
        self._handler, self._consumer, self._suspects, self._stop = handler, consumer, suspects, stop
        self._failures_max, self._backoff_seconds = failures_max, backoff_seconds

    async def handle(self, messages: Sequence[ReceivedMessage], *, meanwhile: Meanwhile = None) -> dict[str, Outcome]:
        """Give what is to become of the messages that are not done, by id; a suspect comes alone (`suspects.parted`).

        Raises StoppedError out of an outage.
        """
        causes = (message.traceparent for message in messages)
        with batch_span(f"{self._consumer} handle", causes, consumer=self._consumer, batch_size=len(messages)):
            match messages:
                case [message] if message.deliveries >= SUSPECTED_AT:
                    return await self._try_alone(message, meanwhile)
                case _:
                    return await self._attempt(messages, meanwhile)

    async def handle_again(self, message: ReceivedMessage) -> Outcome | None:
        """Handle a message that a person wants replayed: once, whatever was counted of it."""
        return (await self._attempt([message], None)).get(message.message_id)

    async def _try_alone(self, message: ReceivedMessage, meanwhile: Meanwhile) -> dict[str, Outcome]:
        """Handle a suspect, unless it ended too many tries; of its deliveries only counted tries speak against it."""
        begin = partial(self._suspects.begin, message.message_id)
        tries = await through_outages(begin, what=self._consumer, stop=self._stop, meanwhile=meanwhile)
        log = structlog.get_logger().bind(consumer=self._consumer, message_id=message.message_id, type=message.type)
        if tries > TRIES_MAX:
            log.error("message_given_up", deliveries=message.deliveries)
            return {message.message_id: Dead(reason=f"{TRIES_MAX} tries in a row ended or hung the process.")}
        log.info("message_tried_alone", deliveries=message.deliveries, tries=tries)
        return await self._attempt([replace(message, deliveries=SUSPECTED_AT - 1 + tries)], meanwhile)

    async def _attempt(self, messages: Sequence[ReceivedMessage], meanwhile: Meanwhile) -> dict[str, Outcome]:
        try:
            once = partial(self._once, messages)
            return await through_outages(once, what=self._consumer, stop=self._stop, meanwhile=meanwhile)
        except StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is this batch's failure, not the consumer's
            if len(messages) == 1:
                return {messages[0].message_id: self._failed(messages[0], error)}
        outcomes: dict[str, Outcome] = {}
        for message in messages:
            outcomes |= await self._attempt([message], meanwhile)
        return outcomes

    async def _once(self, messages: Sequence[ReceivedMessage]) -> dict[str, Outcome]:
        suspects = [each.message_id for each in messages if each.deliveries >= SUSPECTED_AT]
        try:
            outcomes = dict(await self._handler(messages) or {})
        except Exception as error:
            if is_outage(error):
                for suspect in suspects:
                    await self._suspects.excuse(suspect)
            raise
        for suspect in suspects:
            await self._suspects.clear(suspect)
        return outcomes

    def _failed(self, message: ReceivedMessage, error: Exception) -> Outcome:
        log = structlog.get_logger().bind(consumer=self._consumer, message_id=message.message_id, type=message.type)
        if message.deliveries >= self._failures_max:
            log.error("message_given_up", deliveries=message.deliveries, exc_info=error)
            return Dead(reason=f"{type(error).__name__}: {error}".split("\n", 1)[0])
        seconds = self._backoff_seconds[min(message.deliveries, len(self._backoff_seconds)) - 1]
        log.warning("message_failed", deliveries=message.deliveries, again_in_seconds=seconds, exc_info=error)
        return RetryAfter(seconds=seconds)
