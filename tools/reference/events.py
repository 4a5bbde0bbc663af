"""Events: every message of every stream, with its subject, who tells it and who reads it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tools.reference.consumers import Consumer, consumers
from tools.reference.protos import Protos, Record, read_protos
from tools.stubs import ROOT

from chassis.jetstream import KNOWN_TAGS, STREAMS, StreamSpec
from chassis.outbox import subject_stem
from hashtill_cli.embedded.servers import SERVICES

SHARD = "<shard>"

OTHER_SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "hashtill.social.v1.SocialPost": f"social.<network>.{SHARD}",
        "hashtill.social.v1.Watermark": f"social.<network>.{SHARD}",
        "hashtill.social.v1.AccountRevoked": f"social.<network>.accounts.{SHARD}",
        "hashtill.offers.v1.KnownTag": "$KV.known_tags.<tag>",
    }
)
"""Events whose subject is not their own name; a contract test holds them equal to what is sent."""

SOCIAL_PACKAGE = "hashtill.social.v1"
"""Its events are told by the gateway; every other package is named after the service that tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A service that reads an event, by a durable consumer; without one it keeps the last values in memory."""

    service: str
    durable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One message: what it says, where it travels, and between whom."""

    record: Record
    subject: str
    stream: StreamSpec
    teller: str
    readers: tuple[Reader, ...]


@lru_cache(maxsize=1)
def events() -> tuple[Event, ...]:
    """Give every event, in the order of the services and of their protos."""
    declared, reading = read_protos(), consumers()
    found = (_event(record, reading) for record in event_records(declared))
    return tuple(sorted(found, key=lambda event: SERVICES.index(event.teller)))


def event_records(declared: Protos) -> Iterator[Record]:
    """Pick the messages that are events: those of the events.proto files and those with a subject of their own."""
    for record in declared.records.values():
        if record.file.endswith("/events.proto") or record.full_name in OTHER_SUBJECTS:
            yield record


def teller_of(record: Record) -> str:
    """Name the service that tells an event."""
    return "gateway" if record.package == SOCIAL_PACKAGE else record.package.split(".")[1]


def model_readers() -> Iterator[Reader]:
    """Name the services that keep the known tags in memory: those whose code makes a KeyValueModel."""
    for service in sorted(SERVICES):
        trees = (ast.parse(path.read_text()) for path in (ROOT / "services" / service / "src").rglob("*.py"))
        called = (node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
        if any(isinstance(func, ast.Name) and func.id == "KeyValueModel" for func in called):
            yield Reader(service=service)


def _event(record: Record, reading: tuple[Consumer, ...]) -> Event:
    subject = OTHER_SUBJECTS.get(record.full_name) or f"{subject_stem(record.full_name)}.{SHARD}"
    stream = next(each for each in STREAMS if each.takes(subject))
    durables = [
        Reader(service=each.service, durable=each.reads.durable)
        for each in reading
        if each.reads.stream == stream.name and each.takes(subject, record.full_name)
    ]
    readers = tuple(model_readers()) if stream == KNOWN_TAGS else tuple(durables)
    return Event(record=record, subject=subject, stream=stream, teller=teller_of(record), readers=readers)
