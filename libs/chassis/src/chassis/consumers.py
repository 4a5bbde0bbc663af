"""Batch consumers: durable pull, up to 200 messages a handler call, acknowledged after the commit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from google.protobuf.message import Message
from nats.aio.client import Client

from chassis.messages import Outcome, ReceivedMessage
from chassis.postgres import Database

Handler: TypeAlias = Callable[[Sequence[ReceivedMessage]], Awaitable[Mapping[str, Outcome] | None]]


class BatchConsumer:
    """Feeds one durable's messages to one handler."""

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
        batch_max: int = 200,
        ack_wait_seconds: float = 30.0,
        ack_pending_max: int = 1_000,
        deliveries_max: int = 8,
        backoff_seconds: Sequence[float] = (1, 5, 15, 60, 300),
    ) -> None:
        raise NotImplementedError

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until stopped; then finish and acknowledge the batch in hand."""

    async def run_once(self) -> int:
        """Handle what is waiting now, one batch at most; gives how many messages were taken."""
        raise NotImplementedError

    async def pending(self) -> int:
        """Count the messages not yet delivered or not yet acknowledged."""
        raise NotImplementedError
