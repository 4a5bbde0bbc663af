"""X's streams on the wire: how bytes are cut, and how a stream ends."""

from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.x_wire import Answer, chunks, json, x_api

from gateway.domain.arrivals import Stream
from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.post import SkipReason
from gateway.outbound.x.framing import FRAME_BYTES_MAX, LineFramer
from gateway.outbound.x.streams import XStream, activity_stream, filtered_stream
from gateway.usecases.network import Frame, Heartbeat, Line, NetworkFailedError


async def read_all(stream: XStream, *, backfill: int = 0) -> tuple[list[Line], Failure]:
    """Read a stream to its end; gives its lines and how it ended."""
    lines: list[Line] = []
    try:
        async with stream.connect(backfill_minutes=backfill) as batches:
            async for batch in batches:
                lines += batch
    except NetworkFailedError as ended:
        return lines, ended.failure
    raise AssertionError("A stream has no end of its own.")


async def stream_failure(answer: Answer) -> Failure:
    async with x_api(("GET", "/2/tweets/search/stream", answer)) as api:
        return (await read_all(filtered_stream(api, silence_seconds_max=0.3)))[1]


async def test_frames_survive_however_the_network_cuts_them() -> None:
    body = b'{"data":{"id":"1"}}\r\n\r\n{"data":{"id":"\xc3\xa9"}}\r\nnonsense\r\n'
    for cut in range(1, 20, 6):
        parts = [body[start : start + cut] for start in range(0, len(body), cut)]
        async with x_api(("GET", "/2/activity/stream", chunks(*parts))) as api:
            lines, failure = await read_all(activity_stream(api, silence_seconds_max=5))

        assert lines == [
            Frame(body={"data": {"id": "1"}}),
            Heartbeat(),
            Frame(body={"data": {"id": "é"}}),
            SkipReason.NOT_JSON,
        ]
        assert (failure.kind, failure.detail) == (FailureKind.NETWORK, "the stream was closed")


@given(
    parts=st.lists(st.binary(max_size=40).map(lambda part: part.replace(b"\n", b"")), max_size=8), cut=st.integers(1, 9)
)
def test_lines_are_the_same_for_every_cut(parts: list[bytes], cut: int) -> None:
    body = b"".join(part + b"\r\n" for part in parts)
    whole, cutting, pieces = LineFramer().feed(body), LineFramer(), []
    for start in range(0, len(body), cut):
        pieces += cutting.feed(body[start : start + cut])

    assert pieces == whole
    assert len(whole) == len(parts)


def test_a_line_beyond_the_bound_is_skipped_and_never_held() -> None:
    framer = LineFramer()
    lines = [line for _ in range(40) for line in framer.feed(b"x" * (FRAME_BYTES_MAX // 20))]

    held = sum(map(len, framer._pending))
    after = framer.feed(b'\n{"data":1}\n')

    assert (lines, held) == ([], 0)
    assert after == [SkipReason.TOO_LONG, Frame(body={"data": 1})]


async def test_a_silent_stream_ends_after_the_heartbeats_time() -> None:
    failure = await stream_failure(chunks(b"\r\n", then_silent=True))

    assert failure.kind is FailureKind.NETWORK
    assert "Timeout" in failure.detail


async def test_an_in_band_error_comes_after_what_was_read_before_it() -> None:
    error = {
        "errors": [{"title": "operational-disconnect", "disconnect_type": "SlowReader", "type": "https://x/y/z-end"}]
    }
    body = b'{"data":{"id":"1"}}\r\n' + orjson.dumps(error) + b'\r\n{"data":{"id":"2"}}\r\n'
    async with x_api(("GET", "/2/activity/stream", chunks(body))) as api:
        lines, failure = await read_all(activity_stream(api, silence_seconds_max=5))

    assert lines == [Frame(body={"data": {"id": "1"}})]
    assert (failure.kind, failure.detail) == (FailureKind.NETWORK, "z-end SlowReader")


async def test_data_beside_errors_is_data() -> None:
    partial = {"data": {"id": "1"}, "errors": [{"title": "Not Found Error"}]}
    async with x_api(("GET", "/2/activity/stream", chunks(orjson.dumps(partial) + b"\n"))) as api:
        lines, _ = await read_all(activity_stream(api, silence_seconds_max=5))

    assert lines == [Frame(body=partial)]


async def test_too_many_connections_asks_to_free_them_in_band_and_by_status() -> None:
    problem = {"title": "ConnectionException", "connection_issue": "TooManyConnections"}

    by_status = await stream_failure(json(429, problem))
    in_band = await stream_failure(chunks(orjson.dumps(problem) + b"\r\n"))

    assert (by_status.kind, by_status.connections_full) == (FailureKind.HTTP, True)
    assert (in_band.kind, in_band.connections_full) == (FailureKind.HTTP, True)


@pytest.mark.parametrize("host", ["api.twitter.com", "api.x.com"])
async def test_a_problem_is_known_by_the_last_segment_of_its_type(host: str) -> None:
    problem = {"errors": [{"title": "x", "type": f"https://{host}/2/problems/streaming-connection"}]}

    assert (await stream_failure(json(429, problem))).connections_full


async def test_a_rate_limit_carries_its_reset_time_when_that_makes_sense() -> None:
    reset = datetime(2026, 11, 23, 12, 15, tzinfo=UTC)
    named = await stream_failure(json(429, None, x_rate_limit_reset=str(int(reset.timestamp()))))
    broken = await stream_failure(json(429, [], x_rate_limit_reset="soon"))
    absurd = await stream_failure(json(429, {"detail": 1}, x_rate_limit_reset="1e300"))

    assert (named.kind, named.retry_at) == (FailureKind.RATE_LIMITED, reset)
    assert (broken.retry_at, absurd.retry_at) == (None, None)


async def test_backfill_is_asked_for_only_when_wanted() -> None:
    queries: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        queries.append(dict(request.query))
        return await chunks(b"\r\n")(request)

    async with x_api(("GET", "/2/tweets/search/stream", answer)) as api:
        stream = filtered_stream(api, silence_seconds_max=5)
        await read_all(stream, backfill=3)
        await read_all(stream)

    assert [query.get("backfill_minutes") for query in queries] == ["3", None]
    assert "edit_history_tweet_ids" in queries[0]["tweet.fields"]
    assert stream.stream is Stream.FILTERED
