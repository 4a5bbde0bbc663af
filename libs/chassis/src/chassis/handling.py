"""Handling: one batch through one handler; an outage is waited out, and only the guilty message of a batch fails."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import structlog

from chassis.messages import Dead, Outcome, ReceivedMessage, RetryAfter
from chassis.patience import StoppedError, through_outages
from chassis.telemetry import batch_span

Handler: TypeAlias = Callable[[Sequence[ReceivedMessage]], Awaitable[Mapping[str, Outcome] | None]]


class Handling:
    """Calls the handler of one consumer."""

    def __init__(
        self,
        handler: Handler,
        *,
        consumer: str,
        failures_max: int,
        backoff_seconds: Sequence[float],
        stop: asyncio.Event,
    ) -> None:
        self._handler, self._consumer, self._stop = handler, consumer, stop
        self._failures_max, self._backoff_seconds = failures_max, backoff_seconds

    async def handle(
        self, messages: Sequence[ReceivedMessage], *, meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> dict[str, Outcome]:
        """Give what is to become of the messages that are not done, by id. Raises StoppedError out of an outage."""
        causes = (message.traceparent for message in messages)
        with batch_span(f"{self._consumer} handle", causes, consumer=self._consumer, batch_size=len(messages)):
            return await self._attempt(messages, meanwhile)

    async def _attempt(
        self, messages: Sequence[ReceivedMessage], meanwhile: Callable[[], Awaitable[None]] | None
    ) -> dict[str, Outcome]:
        async def once() -> dict[str, Outcome]:
            return dict(await self._handler(messages) or {})

        try:
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

    def _failed(self, message: ReceivedMessage, error: Exception) -> Outcome:
        log = structlog.get_logger().bind(consumer=self._consumer, message_id=message.message_id, type=message.type)
        if message.deliveries >= self._failures_max:
            log.error("message_given_up", deliveries=message.deliveries, exc_info=error)
            return Dead(reason=f"{type(error).__name__}: {error}".split("\n", 1)[0])
        seconds = self._backoff_seconds[min(message.deliveries, len(self._backoff_seconds)) - 1]
        log.warning("message_failed", deliveries=message.deliveries, again_in_seconds=seconds, exc_info=error)
        return RetryAfter(seconds=seconds)
