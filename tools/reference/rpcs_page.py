"""The page of RPCs: every call of every service, what it takes and gives, and every reason it can be refused with."""

from collections.abc import Iterator

from tools.reference.events import event_records
from tools.reference.marking import anchor, code, fields_table, page, placed, short_name, table
from tools.reference.protos import Protos, Record, Rpc, Service, read_protos
from tools.reference.refusals import COMMON, reasons_told

INTRODUCTION = (
    "Every call answers over gRPC. A refusal is a `google.rpc.Status` with an `ErrorInfo` of the domain `hashtill`,"
    " whose `reason` never changes; in a batch each item carries its own. What is not refused and fails all the same"
    " is INTERNAL / INTERNAL_ERROR with the id under which it is logged."
)


def rpcs_page() -> str:
    """Draw the page from the protos."""
    declared = read_protos()
    return page(
        "RPCs",
        INTRODUCTION,
        table(
            ["service", "calls"],
            ([_link(service.full_name), ", ".join(_calls(service))] for service in declared.services),
        ),
        "## Refusals any call can have",
        table(["reason", "code", "what it means"], ([code(told.reason), told.code, words] for told, words in COMMON)),
        *(part for service in declared.services for part in _service(service, declared)),
        "## Records",
        "Messages and enums that calls and events share.",
        *(part for record in _shared(declared) for part in _record(record, declared)),
    )


def _calls(service: Service) -> Iterator[str]:
    for rpc in service.rpcs:
        yield _link(f"{service.full_name}.{rpc.name}")


def _service(service: Service, declared: Protos) -> Iterator[str]:
    yield placed(2, service.full_name)
    yield f"{code(service.full_name)}: {service.comment}"
    for rpc in service.rpcs:
        yield placed(3, f"{service.full_name}.{rpc.name}")
        yield rpc.comment
        yield table(
            ["refused with", "code"],
            ([code(told.reason), told.code] for told in dict.fromkeys(reasons_told(rpc.comment))),
        )
        yield from _both_ways(rpc, declared)


def _both_ways(rpc: Rpc, declared: Protos) -> Iterator[str]:
    linked = shared_names(declared)
    stream = " (a stream)" if rpc.streams else ""
    for way, name in (("takes", rpc.request), (f"gives{stream}", rpc.response)):
        record = declared.records[name]
        nothing = "" if record.fields else " It has no fields."
        yield f"**{rpc.name} {way}** {code(record.name)}: {record.comment}{nothing}"
        yield fields_table(record.fields, linked=linked)


def _record(record: Record, declared: Protos) -> Iterator[str]:
    yield placed(3, record.full_name)
    yield f"{code(record.full_name)}: {record.comment}"
    if record.fields and record.fields[0].type_name == "0":
        yield table(
            ["value", "number", "what it means"], ([code(f.name), f.type_name, f.comment] for f in record.fields)
        )
    else:
        yield fields_table(record.fields, linked=shared_names(declared))


def _shared(declared: Protos) -> list[Record]:
    calls = {name for service in declared.services for rpc in service.rpcs for name in (rpc.request, rpc.response)}
    told = {record.full_name for record in event_records(declared)}
    return [record for name, record in declared.records.items() if name not in calls | told]


def shared_names(declared: Protos) -> frozenset[str]:
    """Name the messages and enums that this page tells of once, for all that link to them."""
    return frozenset(record.full_name for record in _shared(declared))


def _link(full_name: str) -> str:
    return f"[{short_name(full_name)}](#{anchor(full_name)})"
