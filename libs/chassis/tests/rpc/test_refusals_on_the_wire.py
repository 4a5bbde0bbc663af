"""What a caller sees when a service says no, fails, or is sent nonsense."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from chassis.refusal_status import (
    DETAILS_KEY,
    DOMAIN,
    MESSAGE_BYTES_MAX,
    refusal_from_status,
    refusal_of,
    status_of,
)
from kernel.refusals import Refusal, RefusalKind, RefusedError, invalid

Serve = Callable[..., AbstractAsyncContextManager[aio.Channel]]
Call = Callable[..., Awaitable[str]]

STATUSES = {
    RefusalKind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    RefusalKind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    RefusalKind.CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
    RefusalKind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    RefusalKind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    RefusalKind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalKind.BUSY: grpc.StatusCode.UNAVAILABLE,
}
SOLD_OUT = Refusal(
    kind=RefusalKind.EXHAUSTED, reason="SOLD_OUT", message="All units are gone.", facts={"offer_id": "kindle"}
)


def details_of(error: aio.AioRpcError) -> status_pb2.Status:
    trailers: Any = error.trailing_metadata()
    return status_pb2.Status.FromString(dict(trailers)[DETAILS_KEY])


def error_info(status: status_pb2.Status) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


@pytest.mark.parametrize("kind", list(RefusalKind))
async def test_every_kind_of_refusal_arrives_as_its_status_with_error_info(
    serve: Serve, call: Call, kind: RefusalKind
) -> None:
    refusal = Refusal(kind=kind, reason="A_REASON", message="A sentence.", facts={"offer_id": "kindle"})

    async def refuse(_text: str) -> str:
        raise RefusedError(refusal)

    async with serve(refuse, method="Do") as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, method="Do")

    info = error_info(details_of(caught.value))
    assert caught.value.code() is STATUSES[kind]
    assert caught.value.details() == "A sentence."
    assert (info.reason, info.domain, dict(info.metadata)) == ("A_REASON", DOMAIN, {"offer_id": "kindle"})
    assert refusal_of(caught.value) == refusal


async def test_a_bad_field_is_named_in_bad_request_too(serve: Serve, call: Call) -> None:
    async def refuse(_text: str) -> str:
        raise RefusedError(invalid(field_path="offer.price.amount_minor", message="must not be negative."))

    async with serve(refuse) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel)

    bad = error_details_pb2.BadRequest()
    assert details_of(caught.value).details[1].Unpack(bad)
    assert bad.field_violations[0].field == "offer.price.amount_minor"
    assert bad.field_violations[0].reason == "INVALID_FIELD"


@pytest.mark.parametrize("letter", ["a", "é", "😀"])
async def test_a_refusal_that_quotes_ten_kilobytes_arrives_cut_short(serve: Serve, call: Call, letter: str) -> None:
    async def refuse(text: str) -> str:
        facts = {f"fact_{number}": text * 10_000 for number in range(20)}
        raise RefusedError(Refusal(kind=RefusalKind.NOT_FOUND, reason="NONE", message=text * 10_000, facts=facts))

    async with serve(refuse) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, letter)

    said = caught.value.details() or ""
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert MESSAGE_BYTES_MAX - len(letter.encode()) < len(said.encode()) <= MESSAGE_BYTES_MAX
    assert error_info(details_of(caught.value)).metadata["fact_19"].endswith(f"{letter}…")


async def test_a_bug_tells_its_caller_an_id_and_nothing_else_and_is_logged_once(serve: Serve, call: Call) -> None:
    async def fail(_text: str) -> str:
        raise KeyError("a secret detail")

    with structlog.testing.capture_logs() as lines:
        async with serve(fail) as channel:
            with pytest.raises(aio.AioRpcError) as caught:
                await call(channel)

    failures = [line for line in lines if line["event"] == "call_failed"]
    info = error_info(details_of(caught.value))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert info.reason == "INTERNAL_ERROR"
    assert "secret" not in repr(caught.value)
    assert [line["error_id"] for line in failures] == [info.metadata["error_id"]]
    assert refusal_of(caught.value) is None


async def test_an_outage_behind_a_service_makes_it_busy_and_its_words_stay_inside(serve: Serve, call: Call) -> None:
    async def fail(_text: str) -> str:
        raise ConnectionRefusedError("postgresql://hashtill_orders:hunter2@db")

    async with serve(fail, method="Do") as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, method="Do")

    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.kind, refusal.reason) == (RefusalKind.BUSY, "OUTAGE")
    assert "hunter2" not in repr(caught.value)


async def test_an_answer_that_cannot_be_written_leaks_nothing_either(serve: Serve, call: Call) -> None:
    async def fail(_text: str) -> str:
        return 4111  # type: ignore[return-value] # the bug under test: not a text

    async with serve(fail) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "4111" not in repr(caught.value)


async def test_malformed_bytes_are_the_callers_fault(serve: Serve) -> None:
    async def answer(text: str) -> str:
        return text

    async with serve(answer) as channel:
        raw: Any = channel.unary_unary("/probe.v1.Probe/Get", bytes, bytes)
        with pytest.raises(aio.AioRpcError) as caught:
            await raw(b"\x0a\xff not a message")

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_info(details_of(caught.value)).reason == "MALFORMED_REQUEST"


async def test_a_peers_refusal_that_nobody_handles_is_passed_on(serve: Serve, call: Call) -> None:
    async def refuse(_text: str) -> str:
        raise RefusedError(SOLD_OUT)

    async with serve(refuse) as behind:

        async def ask(text: str) -> str:
            return await call(behind, text)

        async with serve(ask) as channel:
            with pytest.raises(aio.AioRpcError) as caught:
                await call(channel)

    assert refusal_of(caught.value) == SOLD_OUT


async def test_a_peer_that_is_away_makes_its_caller_busy_not_broken(serve: Serve, call: Call) -> None:
    nobody = aio.insecure_channel("127.0.0.1:1")

    async def ask_nobody(text: str) -> str:
        return await call(nobody, text, timeout=0.3)

    async with serve(ask_nobody, method="Do") as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await call(channel, method="Do")
    await nobody.close(None)

    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.kind, refusal.reason) == (RefusalKind.BUSY, "PEER_UNAVAILABLE")


def test_a_batch_items_status_reads_back_as_the_same_refusal() -> None:
    assert refusal_from_status(status_of(SOLD_OUT)) == SOLD_OUT


def test_a_batch_item_that_is_ok_holds_no_refusal() -> None:
    assert refusal_from_status(status_pb2.Status()) is None


def test_a_batch_item_a_peer_failed_by_a_bug_may_be_sent_again() -> None:
    refusal = refusal_from_status(status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message="oops"))

    assert refusal is not None
    assert refusal.kind is RefusalKind.BUSY


def test_another_systems_error_info_is_not_taken_for_ours() -> None:
    status = status_pb2.Status(code=grpc.StatusCode.NOT_FOUND.value[0], message="no")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="X", domain="elsewhere.example"))

    refusal = refusal_from_status(status)

    assert refusal is not None
    assert refusal.reason == "INTERNAL_ERROR"
