"""Decoding: from a NATS message (or a kept dead letter) to what a handler gets."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg

from chassis.message_headers import MESSAGE_ID, SUBJECT, TIME, TRACEPARENT, TYPE, VERSION
from chassis.messages import ReceivedMessage, inbox_id
from chassis.pulling import place_of


class UndecodableError(Exception):
    """The message can never be read; the text says why."""


class Decoder:
    """Knows the types one consumer cares for."""

    def __init__(self, types: Sequence[type[Message]]) -> None:
        self._types = {each.DESCRIPTOR.full_name: each for each in types}

    def decode(self, message: Msg) -> ReceivedMessage | None:
        """Give the message decoded; None when its type is not ours. Raises UndecodableError."""
        place = place_of(message)
        return self.decode_parts(
            headers=message.headers or {},
            body=message.data,
            subject=message.subject,
            deliveries=place.deliveries,
            sequence=place.sequence,
        )

    def decode_parts(
        self, *, headers: Mapping[str, str], body: bytes, subject: str, deliveries: int, sequence: int
    ) -> ReceivedMessage | None:
        """Do the same for a message kept elsewhere."""
        try:
            kind = headers[TYPE]
            if (of_kind := self._types.get(kind)) is None:
                return None
            at = datetime.fromisoformat(headers[TIME])
            return ReceivedMessage(
                message_id=inbox_id(name=headers[MESSAGE_ID], at=at),
                type=kind,
                event=of_kind.FromString(body),
                aggregate=headers[SUBJECT],
                version=int(headers[VERSION]),
                at=at,
                traceparent=headers.get(TRACEPARENT),
                subject=subject,
                deliveries=deliveries,
                sequence=sequence,
            )
        except KeyError as error:
            raise UndecodableError(f"header {error.args[0]} is missing") from None
        except (DecodeError, ValueError) as error:
            raise UndecodableError(f"{type(error).__name__}: {error}") from None
