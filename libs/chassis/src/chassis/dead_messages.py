"""Dead messages of one consumer: kept when given up, collected when JetStream gave them up, replayed when asked."""

from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.dead_letters import (
    DeadLetter,
    NewDeadLetter,
    add_dead_letters,
    claim_replays,
    mark_replayed,
)
from chassis.decoding import Decoder, UndecodableError
from chassis.handling import Handling
from chassis.jetstream import ADVISORIES, JetStreamError, ensure_streams, message_at
from chassis.message_headers import MESSAGE_ID, block_of, parse_headers
from chassis.messages import Dead, RetryAfter
from chassis.postgres import Database
from chassis.pulling import Pull, place_of
from chassis.settling import done, tell

COLLECTED_MAX = 50
"""Messages looked at in one go: dead letters are rare, and live messages come first."""

_NOT_FOUND = 404


class DeadMessages:
    """Keeps what one durable could not handle."""

    def __init__(self, client: Client, database: Database, *, stream: str, durable: str, decoder: Decoder) -> None:
        self._client, self._database, self._decoder = client, database, decoder
        self._stream, self._durable = stream, durable
        self._advisories = Pull(
            client, stream=ADVISORIES.name, config=_advisory_config(stream, durable), batch_max=COLLECTED_MAX
        )

    async def keep(self, given_up: Sequence[tuple[Msg, Dead]]) -> None:
        """Write the messages whole, each with its reason."""
        letters = [self._letter(message, reason=dead.reason) for message, dead in given_up]
        async with self._database.transaction() as connection:
            await add_dead_letters(connection, letters)
        for letter in letters:
            structlog.get_logger().error(
                "dead_letter", consumer=self._durable, message_id=letter.message_id, reason=letter.reason
            )

    async def replay(self, handling: Handling) -> None:
        """Handle again what a person asked for; what fails again stays, with its new reason."""
        async with self._database.transaction() as connection:
            letters = await claim_replays(connection, consumer=self._durable, count_max=COLLECTED_MAX)
        for letter in letters:
            failure = await self._handle_again(letter, handling)
            async with self._database.transaction() as connection:
                if failure is None:
                    await mark_replayed(connection, [letter.id])
                else:
                    await add_dead_letters(connection, [_again(letter, reason=failure)])

    async def collect(self) -> None:
        """Keep messages whose deliveries ran out while nobody could say so (a process that dies on them)."""
        advisories = await self._advisories_waiting()
        found = [await self._message_of(orjson.loads(each.data)) for each in advisories]
        letters = [letter for letter in found if letter is not None]
        if letters:
            async with self._database.transaction() as connection:
                await add_dead_letters(connection, letters)
            structlog.get_logger().error("deliveries_ran_out", consumer=self._durable, count=len(letters))
        await tell(self._client, [done(each) for each in advisories])

    async def close(self) -> None:
        """End the subscription to the advisories."""
        await self._advisories.close()

    async def _advisories_waiting(self) -> list[Msg]:
        """Take them; a stream that was lost is made again here, for no relay publishes to it."""
        try:
            return await self._advisories.take(wait_seconds=0)
        except JetStreamError as error:
            if error.code != _NOT_FOUND:
                raise
            await ensure_streams(self._client, (ADVISORIES,))
            return []

    async def _handle_again(self, letter: DeadLetter, handling: Handling) -> str | None:
        try:
            message = self._decoder.decode_parts(
                headers=parse_headers(letter.headers),
                body=letter.body,
                subject=letter.subject,
                deliveries=letter.attempts + 1,
                sequence=letter.sequence,
            )
        except UndecodableError as error:
            return str(error)
        match await handling.handle_again(message) if message else None:
            case None:
                return None
            case Dead(reason=reason):
                return reason
            case RetryAfter():
                return "The handler asked to try later; replay it again then."

    async def _message_of(self, advisory: dict[str, Any]) -> NewDeadLetter | None:
        sequence = int(advisory["stream_seq"])
        kept = await message_at(self._client, self._stream, sequence)
        if kept is None:
            return None
        return NewDeadLetter(
            consumer=self._durable,
            message_id=parse_headers(kept.headers).get(MESSAGE_ID, f"{self._stream}-{sequence}"),
            subject=kept.subject,
            headers=kept.headers,
            body=kept.body,
            stream=self._stream,
            sequence=sequence,
            reason="Its deliveries ran out without an answer: the process ended or hung while handling it.",
            attempts=int(advisory["deliveries"]),
        )

    def _letter(self, message: Msg, *, reason: str) -> NewDeadLetter:
        place, headers = place_of(message), message.headers or {}
        return NewDeadLetter(
            consumer=self._durable,
            message_id=headers.get(MESSAGE_ID, f"{self._stream}-{place.sequence}"),
            subject=message.subject,
            headers=block_of(headers),
            body=message.data,
            stream=self._stream,
            sequence=place.sequence,
            reason=reason,
            attempts=place.deliveries,
        )


def _again(letter: DeadLetter, *, reason: str) -> NewDeadLetter:
    return NewDeadLetter(
        consumer=letter.consumer,
        message_id=letter.message_id,
        subject=letter.subject,
        headers=letter.headers,
        body=letter.body,
        stream=letter.stream,
        sequence=letter.sequence,
        reason=reason,
        attempts=1,
    )


def _advisory_config(stream: str, durable: str) -> dict[str, Any]:
    return {
        "name": f"{durable}-advisories",
        "durable_name": f"{durable}-advisories",
        "ack_policy": "explicit",
        "filter_subjects": [f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{stream}.{durable}"],
    }
