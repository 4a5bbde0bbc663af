import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tools.reference.consumers import SET_UPS, consumers, matches
from tools.reference.events import OTHER_SUBJECTS, SHARD, event_records, events, teller_of
from tools.reference.protos import Record, read_protos
from tools.stubs import ROOT

from chassis.jetstream import KNOWN_TAGS as KNOWN_TAGS_STREAM
from gateway.domain.post import Post, PostKind, Revocation
from gateway.outbound.announcing import messages_of
from gateway.usecases.ports import WatermarkReached
from hashtill_cli.embedded.servers import SERVICES
from kernel.ids import NetworkUserId, PostId, X
from offers.outbound.facts import KNOWN_TAGS

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("record", list(event_records(read_protos())), ids=lambda record: record.full_name)
def test_every_event_is_told_by_its_service(record: Record) -> None:
    outbound = ROOT / "services" / teller_of(record) / "src" / teller_of(record) / "outbound"

    assert record.name in set(_made(outbound)), f"{record.full_name} is told by nobody: tell it, or take it out."


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_that_consumes_is_among_those_the_reference_reads(service: str) -> None:
    makes = "BatchConsumer" in set(_called(ROOT / "services" / service / "src"))

    assert makes == (service in SET_UPS)


@pytest.mark.parametrize("service", sorted(SET_UPS))
def test_the_reference_finds_every_consumer_a_service_makes(service: str) -> None:
    found = {each.reads.durable for each in consumers() if each.service == service}

    assert found
    assert all(durable.startswith(f"{service}-") for durable in found)


def test_every_type_a_consumer_cares_for_reaches_it() -> None:
    subjects = {event.record.full_name: event.subject for event in events()}

    deaf = [
        f"{each.reads.durable} never gets {event_type}"
        for each in consumers()
        for event_type in each.reads.types
        if not each.takes(subjects[event_type], event_type)
    ]

    assert not deaf


def test_a_subject_of_a_consumer_brings_something_it_cares_for() -> None:
    idle = [
        f"{each.reads.durable}: {subject}"
        for each in consumers()
        for subject in each.reads.subjects
        if not any(matches(subject, event.subject) and event.record.full_name in each.reads.types for event in events())
    ]

    assert not idle


def test_the_gateway_tells_on_the_subjects_the_reference_names() -> None:
    post = Post(
        network=X,
        post_id=PostId("1"),
        version_id=PostId("1"),
        kind=PostKind.POST,
        author_id=NetworkUserId("7"),
        posted_at=AT,
    )
    revocation = Revocation(network=X, user_id=NetworkUserId("7"), event_id="e1", revoked_at=AT)

    told = list(messages_of([post, revocation, WatermarkReached(at=AT)], network=X, read_at=AT))

    assert {_told_on(message.event.DESCRIPTOR.full_name, message.subject) for message in told} == {
        (name, subject) for name, subject in OTHER_SUBJECTS.items() if name.startswith("hashtill.social.")
    }


def test_offers_puts_known_tags_where_the_reference_says() -> None:
    assert OTHER_SUBJECTS["hashtill.offers.v1.KnownTag"] == f"$KV.{KNOWN_TAGS}.<tag>"
    assert KNOWN_TAGS_STREAM.takes(OTHER_SUBJECTS["hashtill.offers.v1.KnownTag"])


def test_a_pattern_meets_a_subject_as_nats_says() -> None:
    assert matches("social.>", "social.x.1")
    assert matches("social.*.accounts.*", "social.x.accounts.1")
    assert not matches("social.*.accounts.*", "social.x.1")
    assert not matches("social.>", "social")


def _told_on(name: str, subject: str | None) -> tuple[str, str]:
    *stem, shard = (subject or "").split(".")
    assert shard.isdecimal()
    return name, ".".join([*("<network>" if token == X else token for token in stem), SHARD])


def _made(folder: Path) -> Iterator[str]:
    """Name what is called, or handed to what is called, anywhere in a folder; annotations and imports do not count."""
    for tree in _trees(folder):
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            yield from (_last(each) for each in (call.func, *call.args))


def _called(folder: Path) -> Iterator[str]:
    for tree in _trees(folder):
        yield from (_last(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def _trees(folder: Path) -> Iterator[ast.Module]:
    yield from (ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py")))


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
