"""The AsyncAPI 3.0 document: streams, subjects, messages, who sends and who receives, for machines."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from tools.reference.events import Event, Reader, events
from tools.stubs import PROTOS

from kernel.shards import SOCIAL_SHARDS

NOTE = "# Drawn from the code by `make docs`; a test keeps it current. Do not edit by hand.\n"

PROTOBUF = "application/vnd.google.protobuf;version=3"

WIDTH = 120

HEADERS = {
    "Nats-Msg-Id": "The message's own id; a repeat within ten minutes is dropped by the stream.",
    "ce-specversion": "Always 1.0.",
    "ce-id": "The same as Nats-Msg-Id.",
    "ce-source": "Who tells it, for example /hashtill/orders.",
    "ce-type": "The message's full protobuf name.",
    "ce-time": "When it happened (RFC 3339).",
    "ce-subject": "The aggregate it is about, for example an order's id.",
    "ce-aggregateversion": "The aggregate's version; readers drop what is older than what they have.",
    "content-type": "Always application/protobuf.",
    "traceparent": "W3C trace context, where a trace led to it.",
}

PLACES = {
    "shard": {"description": "Hash of the aggregate.", "enum": [str(number) for number in range(SOCIAL_SHARDS)]},
    "network": {"description": "The social network, for example x."},
    "tag": {"description": "The canonical hashtag, without its sign."},
}


def asyncapi_document() -> str:
    """Write the document as YAML."""
    dumped = yaml.dump(document(), Dumper=Lines, sort_keys=False, allow_unicode=True, width=WIDTH)
    return NOTE + str(dumped)


def document() -> dict[str, Any]:
    """Build the document; every reference in it points inside it."""
    channels = _by_channel(events())
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Hashtill events",
            "version": "1.0.0",
            "description": "What the services tell each other over NATS JetStream.",
        },
        "defaultContentType": "application/protobuf",
        "servers": {
            "nats": {
                "host": "{host}",
                "protocol": "nats",
                "variables": {
                    "host": {"description": "host:port of NATS with JetStream.", "default": "127.0.0.1:4222"}
                },
            }
        },
        "channels": {name: _channel(told) for name, told in channels.items()},
        "operations": {key: value for name, told in channels.items() for key, value in _operations(name, told).items()},
        "components": {
            "messages": {event.record.name: _message(event) for event in events()},
            "messageTraits": {"cloudEvent": {"headers": _headers()}},
            "schemas": {_key(file): _schema(file) for file in sorted({event.record.file for event in events()})},
        },
    }


def _by_channel(told: Sequence[Event]) -> Mapping[str, list[Event]]:
    """Group what shares a subject; a channel's key is its subject without placeholders."""
    channels = defaultdict[str, list[Event]](list)
    for event in told:
        channels[re.sub(r"\.?<\w+>", "", event.subject).removeprefix("$KV.")].append(event)
    return channels


def _channel(told: Sequence[Event]) -> dict[str, Any]:
    first = told[0]
    places = re.findall(r"<(\w+)>", first.subject)
    return {
        "address": re.sub(r"<(\w+)>", r"{\1}", first.subject),
        "servers": [_reference("servers", "nats")],
        "messages": {each.record.name: _reference("components", "messages", each.record.name) for each in told},
        "parameters": {place: PLACES[place] for place in places},
        "bindings": {"nats": {}},
        "x-jetstream-stream": first.stream.name,
    }


def _operations(channel: str, told: Sequence[Event]) -> dict[str, Any]:
    """Say who sends to a channel, and for each reader what of it it receives."""
    taken = defaultdict[Reader, list[Event]](list)
    for event in told:
        for reader in event.readers:
            taken[reader].append(event)
    sent = {f"{told[0].teller}.tells.{channel}": _operation("send", channel, told)}
    return sent | {f"{each.service}.reads.{channel}": _receive(each, channel, taken[each]) for each in taken}


def _receive(reader: Reader, channel: str, told: Sequence[Event]) -> dict[str, Any]:
    by = {"x-jetstream-durable": reader.durable} if reader.durable else {}
    return _operation("receive", channel, told) | by


def _operation(action: str, channel: str, told: Sequence[Event]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": _reference("channels", channel),
        "messages": [_reference("channels", channel, "messages", each.record.name) for each in told],
        "bindings": {"nats": {"bindingVersion": "0.1.0"}},
    }


def _message(event: Event) -> dict[str, Any]:
    how = (
        {"headers": _schema_of({"Nats-Msg-Id": HEADERS["Nats-Msg-Id"]})}
        if event.stream.is_key_value
        else {"traits": [_reference("components", "messageTraits", "cloudEvent")]}
    )
    return {
        "name": event.record.full_name,
        "title": event.record.name,
        "summary": event.record.comment,
        "contentType": "application/protobuf",
        **how,
        "payload": _reference("components", "schemas", _key(event.record.file)),
        "x-protobuf-message": event.record.full_name,
    }


def _headers() -> dict[str, Any]:
    return _schema_of(HEADERS)


def _schema_of(headers: Mapping[str, str]) -> dict[str, Any]:
    required = [name for name in headers if name != "traceparent"]
    properties = {name: {"type": "string", "description": words} for name, words in headers.items()}
    return {"type": "object", "required": required, "properties": properties}


def _schema(file: str) -> dict[str, Any]:
    return {"schemaFormat": PROTOBUF, "schema": (PROTOS / file).read_text()}


def _key(file: str) -> str:
    return file.removesuffix(".proto").replace("/", ".")


def _reference(*path: str) -> dict[str, str]:
    return {"$ref": f"#/{'/'.join(path)}"}


class Lines(yaml.SafeDumper):
    """Writes every use of a value out in full, and text of several lines as such."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Never write an alias: a reader of the file should not have to follow one."""
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Write text of several lines as a block."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Lines.add_representer(str, Lines.represent_text)
