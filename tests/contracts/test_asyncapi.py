import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import yaml
from tools.reference.asyncapi import HEADERS, PROTOBUF, asyncapi_document
from tools.reference.events import events

from chassis.jetstream import ADVISORIES, STREAMS
from chassis.message_headers import event_headers, parse_headers
from chassis.outbox import subject_stem

DOCUMENT: dict[str, Any] = yaml.safe_load(asyncapi_document())

ROOT_KEYS = {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"}
COMPONENT_KEY = re.compile(r"[\w.\-]+")


def test_the_document_has_the_parts_of_asyncapi_3_and_no_others() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) == ROOT_KEYS
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert all({"host", "protocol"} <= set(server) for server in DOCUMENT["servers"].values())


def test_every_reference_points_at_something_in_the_document() -> None:
    lost = [reference for reference in _references(DOCUMENT) if not _resolves(reference)]

    assert not lost


def test_every_key_is_one_asyncapi_allows() -> None:
    keys = [
        *DOCUMENT["channels"],
        *DOCUMENT["operations"],
        *(key for part in DOCUMENT["components"].values() for key in part),
    ]

    assert [key for key in keys if not COMPONENT_KEY.fullmatch(key)] == []


def test_every_place_in_an_address_is_described_and_none_besides() -> None:
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])


def test_every_operation_names_messages_of_its_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]

        assert operation["action"] in {"send", "receive"}
        assert operation["messages"]
        assert all(each["$ref"].startswith(f"{channel}/messages/") for each in operation["messages"])
        assert operation["bindings"]["nats"]["bindingVersion"] == "0.1.0"


def test_every_channel_is_sent_to_by_exactly_one_service() -> None:
    sent = [each["channel"]["$ref"] for each in DOCUMENT["operations"].values() if each["action"] == "send"]

    assert sorted(sent) == sorted(f"#/channels/{name}" for name in DOCUMENT["channels"])


def test_every_stream_and_every_event_is_in_the_document() -> None:
    streams = {channel["x-jetstream-stream"] for channel in DOCUMENT["channels"].values()}
    messages = {message["name"] for message in DOCUMENT["components"]["messages"].values()}

    assert streams == {stream.name for stream in STREAMS if stream != ADVISORIES}
    assert messages == {event.record.full_name for event in events()}


def test_every_payload_is_the_proto_that_declares_its_message() -> None:
    for message in DOCUMENT["components"]["messages"].values():
        payload = DOCUMENT["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]

        assert payload["schemaFormat"] == PROTOBUF
        assert f"message {message['title']} {{" in payload["schema"]


def test_the_headers_are_those_the_chassis_writes() -> None:
    written = event_headers(
        message_id="m",
        event_type="hashtill.orders.v1.OrderHeld",
        source="",
        at=datetime(2026, 3, 1, tzinfo=UTC),
        aggregate="a",
        version=1,
        traceparent="t",
    )

    assert set(parse_headers(written)) == set(HEADERS)


def test_a_plain_event_travels_under_its_own_name() -> None:
    held = DOCUMENT["channels"][subject_stem("hashtill.orders.v1.OrderHeld")]

    assert held["address"] == "hashtill.orders.v1.order_held.{shard}"
    assert held["x-jetstream-stream"] == "ORDERS"


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def _resolves(reference: str) -> bool:
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        if step not in place:
            return False
        place = place[step]
    return True
