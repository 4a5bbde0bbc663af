"""X's API on the wire: how bytes are cut, and what every refusal turns into."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.frames import MIA, NOW, id_at

from gateway.domain.arrivals import Stream
from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.post import SkipReason
from gateway.domain.rules import ExistingRule, Rule
from gateway.domain.subscriptions import Subscription
from gateway.outbound.x.accounts import XAccounts
from gateway.outbound.x.api import ANSWER_BYTES_MAX, XApi
from gateway.outbound.x.archive import XArchive
from gateway.outbound.x.framing import FRAME_BYTES_MAX, LineFramer
from gateway.outbound.x.rule_book import XRuleBook
from gateway.outbound.x.streams import XStream, activity_stream, filtered_stream
from gateway.outbound.x.subscriptions import XSubscriptions
from gateway.usecases.network import Frame, Heartbeat, Line, NetworkFailedError
from kernel.ids import NetworkUserId, PostId
from kernel.secret import Secret

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
MADE = Subscription(event_type="post.create", user_id=NetworkUserId(MIA))


@asynccontextmanager
async def x_api(*routes: tuple[str, str, Answer]) -> AsyncIterator[XApi]:
    """Answer these routes, and give any app a bearer."""
    app = web.Application()
    app.add_routes([web.route(method, path, answer) for method, path, answer in (*routes, _BEARER)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        yield XApi(session=session, base_url=f"http://127.0.0.1:{port}/", app_key="key", app_secret=Secret("s"))
    await runner.cleanup()


async def _give_bearer(_request: web.Request) -> web.Response:
    return web.json_response({"token_type": "bearer", "access_token": "app"})


_BEARER: tuple[str, str, Answer] = ("POST", "/oauth2/token", _give_bearer)


def json(status: int = 200, body: Any = None, **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=orjson.dumps(body), headers=named)

    return answer


def chunks(*parts: bytes, then_silent: bool = False) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0.01)
        if then_silent:
            await asyncio.Event().wait()
        return response

    return answer


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


async def call_failure(answer: Answer) -> Failure:
    async with x_api(("GET", "/2/tweets/search/stream/rules", answer)) as api:
        with pytest.raises(NetworkFailedError) as failed:
            await XRuleBook(api=api).list_rules()
    return failed.value.failure


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


async def test_every_other_refusal_is_an_http_failure_with_its_words() -> None:
    refused = await call_failure(json(503, {"title": "Service Unavailable", "detail": "later", "type": "about:blank"}))

    assert (refused.kind, refused.detail) == (FailureKind.HTTP, "503 about:blank later")


@pytest.mark.parametrize("body", [[1], None, "x"])
async def test_a_good_answer_without_an_object_is_a_failure(body: object) -> None:
    assert (await call_failure(json(200, body))).kind is FailureKind.HTTP


async def test_an_answer_without_end_is_cut_off() -> None:
    failure = await call_failure(chunks(*[b"x" * (ANSWER_BYTES_MAX // 4)] * 6))

    assert failure.detail == "the answer is too long"


async def test_an_x_that_is_not_there_is_a_network_failure() -> None:
    async with x_api() as api:
        api.base_url = "http://127.0.0.1:9"

        with pytest.raises(NetworkFailedError) as failed:
            await XAccounts(api=api).user_id_of("AmexSync")
    assert failed.value.failure.kind is FailureKind.NETWORK


async def test_a_bearer_x_no_longer_takes_is_asked_for_anew() -> None:
    asked: list[str] = []

    async def user(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.Response(status=401) if len(asked) == 1 else web.json_response({"data": {"id": "900"}})

    async with x_api(("GET", "/2/users/by/username/AmexSync", user)) as api:
        with pytest.raises(NetworkFailedError):
            await XAccounts(api=api).user_id_of("AmexSync")
        forgotten = api._bearer

        assert await XAccounts(api=api).user_id_of("AmexSync") == "900"
    assert (forgotten, asked) == (None, ["Bearer app", "Bearer app"])


async def test_a_name_x_does_not_know_is_a_failure() -> None:
    async with x_api(("GET", "/2/users/by/username/nobody", json(200, {"errors": []}))) as api:
        with pytest.raises(NetworkFailedError, match="knows no @nobody"):
            await XAccounts(api=api).user_id_of("nobody")


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


async def test_a_search_follows_its_pages_and_gives_frames_with_their_includes() -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        more = {"next_token": "p2"} if len(asked) == 1 else {}
        return web.json_response({"data": [{"id": str(len(asked))}], "includes": {"users": []}, "meta": more})

    async with x_api(("GET", "/2/tweets/search/recent", answer)) as api:
        pages = [page async for page in XArchive(api=api).search("#a", since=NOW)]

    assert pages == [[{"data": {"id": number}, "includes": {"users": []}}] for number in ("1", "2")]
    assert (asked[0]["start_time"], asked[1]["next_token"]) == ("2026-11-23T12:00:00Z", "p2")


async def test_reposts_are_listed_back_to_the_gap_and_no_further() -> None:
    page = {"data": [{"id": id_at(10)}, {"id": id_at(-10)}], "meta": {"next_token": "more"}}
    async with x_api(("GET", "/2/tweets/7/retweets", json(200, page))) as api:
        pages = [found async for found in XArchive(api=api).reposts_of(PostId("7"), since=NOW)]

    assert len(pages) == 1


async def test_rules_are_listed_added_in_hundreds_and_deleted() -> None:
    bodies: list[Any] = []

    async def change(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        problems = [{"type": "https://api.x.com/2/problems/duplicate-rules"}, {"type": "x/invalid-rules"}]
        return web.json_response({"errors": problems if "add" in bodies[-1] else []}, status=201)

    path = "/2/tweets/search/stream/rules"
    listed = json(200, {"data": [{"id": "1", "value": "#a", "tag": "t"}]})
    async with x_api(("GET", path, listed), ("POST", path, change)) as api:
        book = XRuleBook(api=api)
        found = await book.list_rules()
        refused = await book.add_rules([Rule(value=f"#{n}", tag="t") for n in range(150)])
        await book.delete_rules(["1"])

    assert found == [ExistingRule(rule_id="1", value="#a", tag="t")]
    assert (refused, [len(body.get("add", [])) for body in bodies]) == (2, [100, 50, 0])
    assert bodies[-1] == {"delete": {"ids": ["1"]}}


async def test_subscriptions_are_listed_page_by_page() -> None:
    pages = iter(["token", ""])

    async def answer(_request: web.Request) -> web.Response:
        one = {"subscription_id": "5", "event_type": "post.create", "filter": {"user_id": MIA}}
        return web.json_response({"data": [one], "meta": {"next_token": next(pages)}})

    async with x_api(("GET", "/2/activity/subscriptions", answer)) as api:
        found = await XSubscriptions(api=api).list_subscriptions()

    assert [(each.subscription_id, each.subscription) for each in found] == [("5", MADE), ("5", MADE)]


async def test_a_subscription_that_exists_is_as_good_as_made_and_one_that_is_gone_as_deleted() -> None:
    path = "/2/activity/subscriptions"
    routes = (("POST", path, json(409, {"title": "DuplicateSubscription"})), ("DELETE", path + "/5", json(404, {})))
    async with x_api(*routes) as api:
        made = await XSubscriptions(api=api).subscribe(MADE)
        await XSubscriptions(api=api).unsubscribe("5")

    assert made.subscription == MADE


async def test_other_refusals_of_subscriptions_are_failures() -> None:
    path = "/2/activity/subscriptions"
    async with x_api(("POST", path, json(403, {})), ("DELETE", path + "/5", json(500, {}))) as api:
        with pytest.raises(NetworkFailedError, match="403"):
            await XSubscriptions(api=api).subscribe(MADE)
        with pytest.raises(NetworkFailedError, match="500"):
            await XSubscriptions(api=api).unsubscribe("5")


async def test_an_unbroken_page_chain_ends_at_the_bound() -> None:
    asked: list[int] = []

    async def answer(_request: web.Request) -> web.Response:
        asked.append(1)
        return web.json_response({"data": [], "meta": {"next_token": "again"}})

    async with x_api(("GET", "/2/tweets/search/recent", answer)) as api:
        _ = [page async for page in XArchive(api=api).search("#a", since=NOW - timedelta(hours=1))]

    assert len(asked) == 200
