"""Rubbish: requests nobody means, for every call of every service, drawn from what breaks programs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from hashtill.identity.v1 import identity_service_pb2
from hashtill.notifier.v1 import notifier_service_pb2
from hashtill.offers.v1 import offers_service_pb2
from hashtill.orders.v1 import orders_service_pb2
from hashtill.payments.v1 import payments_service_pb2
from hashtill.social.v1 import social_service_pb2

FILES = {
    "identity": identity_service_pb2,
    "offers": offers_service_pb2,
    "orders": orders_service_pb2,
    "payments": payments_service_pb2,
    "notifier": notifier_service_pb2,
    "gateway": social_service_pb2,
}

ITEMS = (0, 1, 2, 3, 201)
DEPTH_MAX = 8
LEFT_OUT = 0.12
"""How often a field stays unset."""
KNOWN = 0.4
"""How often a text is one that somebody has: rubbish beside real ids gets further in."""

TEXTS = (
    "",
    "x",
    "-1",
    "usd",
    "USD",
    "US",
    "NY",
    "en",
    "BuyKindleFireHD",
    "a" * 10_240,
    "\0",
    "a\0b",
    "\n\r\t",
    "\u202eabc",
    "😀" * 300,
    "' OR 1=1 --",
    "Mars/Olympus",
    "America/New_York",
    "378282246310005",
    "https://a.example/x",
    "e30=",
    "9223372036854775808",
    str(UUID(int=0)),
)
NUMBERS = (0, 1, -1, 201, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
SECONDS = (0, 1, 1_800_000_000, 253_402_300_800, 2**63 - 1, -(2**63))
ENUMS = (-1, 0, 1, 2, 3, 99, 2**31 - 1)
BYTES = (b"\xff\xff\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\xc3\x28", b"\x08")
"""No protobuf at all: a bad tag, a length beyond the end, no UTF-8, a cut number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One RPC."""

    service: str
    method: MethodDescriptor

    @property
    def path(self) -> str:
        """Its address."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    @property
    def request_type(self) -> type[Message]:
        """What it takes."""
        return GetMessageClass(self.method.input_type)

    @property
    def response_type(self) -> type[Message]:
        """What it gives."""
        return GetMessageClass(self.method.output_type)


def calls() -> Iterator[Call]:
    """Give every RPC of every service."""
    for service, file in FILES.items():
        for described in file.DESCRIPTOR.services_by_name.values():
            yield from (Call(service=service, method=method) for method in described.methods)


class Rubbish:
    """Fills requests; `known` are ids and tokens that somebody has."""

    def __init__(self, draws: Random, *, known: list[str]) -> None:
        self._draws, self.known = draws, known
        self._special: Mapping[str, Callable[[Any], None]] = {
            "google.protobuf.Timestamp": self._fill_time,
            "hashtill.common.v1.RequestContext": self._fill_context,
        }

    def request(self, call: Call) -> Message:
        """Make one."""
        message = call.request_type()
        self._fill(message, depth=0)
        return message

    def _fill(self, message: Message, *, depth: int) -> None:
        special = self._special.get(message.DESCRIPTOR.full_name)
        if special is not None or depth >= DEPTH_MAX:
            return special(message) if special else None
        for field in message.DESCRIPTOR.fields:
            if field.name == "context" or self._draws.random() > LEFT_OUT:
                self._set(message, field, depth=depth)
        return None

    def _set(self, message: Message, field: Any, *, depth: int) -> None:
        held = getattr(message, field.name)
        if _is_map(field.message_type):
            held.update({self._text(): self._draws.choice((0, 1, 2**31 - 1)) for _ in range(3)})
        elif field.is_repeated and field.message_type:
            for _ in range(self._draws.choice(ITEMS)):
                self._fill(held.add(), depth=depth + 1)
        elif field.is_repeated:
            held.extend(self._scalar(field) for _ in range(self._draws.choice(ITEMS)))
        elif field.message_type:
            held.SetInParent()
            self._fill(held, depth=depth + 1)
        else:
            setattr(message, field.name, self._scalar(field))

    def _scalar(self, field: Any) -> object:
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_STRING:
                return self._text()
            case FieldDescriptor.CPPTYPE_ENUM:
                return self._draws.choice(ENUMS)
            case FieldDescriptor.CPPTYPE_BOOL:
                return self._draws.random() < LEFT_OUT
            case _:
                least, most = RANGES[field.cpp_type]
                return self._draws.choice([number for number in NUMBERS if least <= number <= most])

    def _text(self) -> str:
        if self.known and self._draws.random() < KNOWN:
            return self._draws.choice(self.known)
        return self._draws.choice((*TEXTS, self._uuid(), self._uuid()))

    def _uuid(self) -> str:
        return str(UUID(int=self._draws.getrandbits(128)))

    def _fill_time(self, message: Any) -> None:
        message.seconds, message.nanos = self._draws.choice(SECONDS), self._draws.choice((0, -1, 2**31 - 1))

    def _fill_context(self, message: Any) -> None:
        message.request_id = self._uuid() if self._draws.random() > LEFT_OUT else self._text()
        message.actor = self._draws.choice(("", "a" * 10_240, "\0"))


def _is_map(described: Descriptor | None) -> bool:
    return described is not None and described.GetOptions().map_entry


def texts_of(message: Message) -> Iterator[str]:
    """Give the ids and tokens an answer holds, to be used in rubbish."""
    for field, value in message.ListFields():
        if _is_map(field.message_type):
            continue
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                yield from texts_of(each)
        elif field.name.endswith(("_id", "token", "tag")):
            yield from value if field.is_repeated else [value]


def item_codes_of(message: Message) -> Iterator[int]:
    """Give the codes of the items that a batch refused."""
    for field, value in message.ListFields():
        if field.message_type is None or _is_map(field.message_type):
            continue
        for each in value if field.is_repeated else [value]:
            if each.DESCRIPTOR.full_name == "google.rpc.Status":
                yield each.code
            else:
                yield from item_codes_of(each)
