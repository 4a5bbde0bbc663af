"""One purchase is one trace: through calls, rows and batches; and it costs little when nobody records it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from grpc import aio
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from chassis.exporting import start_exporting
from chassis.telemetry import (
    LINKS_MAX,
    Recorder,
    batch_span,
    current_trace_id,
    current_traceparent,
    parented_by,
    read_traceparent,
    span,
    trace_id_of,
)
from kernel.refusals import RefusedError, invalid

Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]

CARD_NUMBER = "4111 1111 1111 1111"


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    exporting = start_exporting(service="test", otlp_endpoint=None, processors=[SimpleSpanProcessor(exporter)])
    yield exporter
    Recorder.tracer = None
    assert exporting.tracers is not None
    exporting.tracers.shutdown()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [each for each in exporter.get_finished_spans() if each.name == name]


async def tell_trace(_text: str) -> str:
    return str(current_trace_id())


async def test_a_trace_goes_through_two_hops_and_on_from_a_row(
    recorded: InMemorySpanExporter, serve: Serve, call: Call
) -> None:
    rows: list[str | None] = []

    async def write_row(_text: str) -> str:
        rows.append(current_traceparent())
        return str(current_trace_id())

    async with serve(write_row) as last:

        async def pass_on(text: str) -> str:
            return await call(last, text)

        async with serve(pass_on) as first:
            with span("gateway.keep"):
                began = current_trace_id()
                ended = await call(first)

    with batch_span("notifier.send", rows, batch_size=1):
        mailed = current_trace_id()

    assert began == ended == mailed
    assert len(named(recorded, "probe.v1.Probe/Get")) == 4
    assert len({each.context.trace_id for each in recorded.get_finished_spans() if each.context}) == 1


async def test_the_same_trace_goes_on_when_nobody_records(serve: Serve, call: Call) -> None:
    async with serve(tell_trace) as last:

        async def pass_on(text: str) -> str:
            return await call(last, text)

        async with serve(pass_on) as first:
            with span("gateway.keep"):
                began = current_trace_id()
                ended = await call(first)

    assert began is not None
    assert ended == began


async def test_a_refusal_is_no_failure_of_the_server_but_a_bug_is(
    recorded: InMemorySpanExporter, serve: Serve, call: Call
) -> None:
    async def answer(text: str) -> str:
        if text == "bug":
            raise KeyError(text)
        raise RefusedError(invalid(field_path="a", message="no"))

    async with serve(answer) as channel:
        for text in ("no", "bug"):
            with pytest.raises(aio.AioRpcError):
                await call(channel, text)

    servers = [each for each in named(recorded, "probe.v1.Probe/Get") if each.kind.name == "SERVER"]
    assert [each.status.status_code for each in servers] == [StatusCode.UNSET, StatusCode.ERROR]
    assert [(each.attributes or {})["rpc.grpc.status_code"] for each in servers] == ["INVALID_ARGUMENT", "INTERNAL"]


def test_a_batch_of_several_causes_is_a_new_trace_linked_to_each(recorded: InMemorySpanExporter) -> None:
    causes = [f"00-{number:032x}-{number:016x}-01" for number in range(1, 200)]

    with span("outside"):
        outside = current_trace_id()
        with batch_span("orders.confirm", [*causes, None, "nonsense", causes[0]], batch_size=202):
            inside = current_trace_id()

    (batch,) = named(recorded, "orders.confirm")
    assert batch.parent is None
    assert inside != outside
    assert len(batch.links) == LINKS_MAX
    assert batch.links[0].context.trace_id == 1


def test_a_batch_of_one_cause_is_its_child() -> None:
    cause = f"00-{7:032x}-{9:016x}-01"

    with batch_span("orders.confirm", [cause, cause]):
        assert current_trace_id() == f"{7:032x}"


def test_work_from_a_row_belongs_to_the_rows_trace_and_then_ends() -> None:
    with parented_by(f"00-{7:032x}-{9:016x}-01"), span("orders.step"):
        inside = current_trace_id()

    assert inside == f"{7:032x}"
    assert current_traceparent() is None


@pytest.mark.parametrize(
    "text", [None, "", "nonsense", "01-" + "1" * 32 + "-" + "1" * 16 + "-01", "00-" + "0" * 32 + "-" + "1" * 16 + "-01"]
)
def test_what_is_no_traceparent_is_no_cause(text: str | None) -> None:
    assert read_traceparent(text) is None
    assert trace_id_of(text) is None


def test_a_written_traceparent_reads_back() -> None:
    with span("orders.step") as opened:
        read = read_traceparent(current_traceparent())

    assert read is not None
    assert read.trace_id == opened.get_span_context().trace_id


def test_only_allowed_attributes_are_kept_and_card_numbers_are_masked(recorded: InMemorySpanExporter) -> None:
    with span("payments.authorize", charge_id=CARD_NUMBER, batch_size=3, holder="Ann"):  # type: ignore[call-arg] # not allowed, so dropped
        pass

    (kept,) = named(recorded, "payments.authorize")
    assert dict(kept.attributes or {}) == {"hashtill.charge_id": "[card number]", "hashtill.batch_size": 3}


def test_a_failed_span_names_the_kind_of_failure_and_not_its_words(recorded: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), span("payments.authorize"):
        raise KeyError(CARD_NUMBER)

    (failed,) = named(recorded, "payments.authorize")
    assert failed.status.status_code is StatusCode.ERROR
    assert dict(failed.attributes or {}) == {"error.type": "KeyError"}
    assert not failed.events
