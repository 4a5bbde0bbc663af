"""The page of events: what is told on every stream, by whom, to whom, and what it holds."""

from collections.abc import Iterator

from tools.reference.events import Event, events
from tools.reference.marking import anchor, code, fields_table, page, placed, table
from tools.reference.protos import read_protos
from tools.reference.rpcs_page import shared_names

from chassis.jetstream import ADVISORIES, STREAMS, StreamSpec
from kernel.shards import SOCIAL_SHARDS

SECONDS_A_DAY = 86_400

INTRODUCTION = (
    "Facts travel over NATS JetStream as protobuf messages, with CloudEvents 1.0 headers in binary mode. `<shard>` is"
    f" 0 to {SOCIAL_SHARDS - 1}, a hash of the aggregate (for posts, of the author), so that one thing's events keep"
    " their order. The machine's form of this page is [asyncapi.yaml](asyncapi.yaml)."
)

READING = (
    "A reader is a service with its durable consumer in brackets. An event nobody reads is there for operators and for"
    " whoever comes next."
)


def events_page() -> str:
    """Draw the page from the protos, the streams and the services' own consumers."""
    return page(
        "Events",
        INTRODUCTION,
        READING,
        "## Streams",
        table(["stream", "subjects", "kept"], ([each.name, _patterns(each), _kept(each)] for each in STREAMS)),
        "## All events",
        table(["event", "subject", "stream", "told by", "read by"], (_row(each) for each in events())),
        *(part for each in events() for part in _event(each)),
    )


def _patterns(stream: StreamSpec) -> str:
    return "<br>".join(code(subject) for subject in stream.subjects)


def _kept(stream: StreamSpec) -> str:
    if stream == ADVISORIES:
        return f"{_days(stream)}; JetStream's own words about messages it gave up"
    return "the last value of each key, for ever" if stream.is_key_value else _days(stream)


def _days(stream: StreamSpec) -> str:
    return f"{stream.max_age_seconds // SECONDS_A_DAY} days"


def _row(event: Event) -> list[str]:
    name = f"[{event.record.name}](#{anchor(event.record.full_name)})"
    return [name, code(event.subject), event.stream.name, event.teller, _readers(event) or "nobody"]


def _readers(event: Event) -> str:
    return "<br>".join(f"{each.service} ({each.durable or 'in memory'})" for each in event.readers)


def _event(event: Event) -> Iterator[str]:
    yield placed(2, event.record.full_name)
    yield f"{code(event.record.full_name)} on {code(event.subject)}: {event.record.comment}"
    yield fields_table(event.record.fields, linked=shared_names(read_protos()), on="rpcs.md")
