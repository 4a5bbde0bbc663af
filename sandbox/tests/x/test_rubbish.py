"""Whatever is sent, X answers with its problem JSON and never with a bug (the conftest fails on any logged error)."""

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from sandbox.x.client import XClient
from sandbox.x.settings import Tier

ENDLESS = "9" * 5_000
FORM = "application/x-www-form-urlencoded"
PROGRAM = "program-token"
RULES = "/2/tweets/search/stream/rules"
SUBSCRIPTIONS = "/2/activity/subscriptions"


async def _sent(x: XClient, method: str, path: str, body: bytes, content_type: str) -> tuple[int, str]:
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {PROGRAM}"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, x.url + path, data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, answer.content_type


async def _with_authorization(x: XClient, path: str, authorization: bytes) -> bytes:
    """Send a header no client library lets through, and give the status line."""
    address = urlsplit(x.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nAuthorization: ".encode()
    writer.write(head + authorization + b"\r\n\r\n")
    status = await reader.readline()
    writer.close()
    return status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/2/nothing/here", 404),
        ("GET", "/nothing/here", 404),
        ("PUT", "/2/tweets", 405),
        ("GET", f"/2/tweets/{ENDLESS}", 400),
        ("GET", f"/2/users/1000000001/tweets?since_id={ENDLESS}", 400),
        ("GET", "/2/users/1000000001/tweets?max_results=-5", 400),
        ("GET", f"/sandbox/posts?since_id={ENDLESS}", 400),
        ("GET", f"/sandbox/users/{ENDLESS}", 400),
        ("GET", "/sandbox/users/nobody_here", 400),
    ],
)
async def test_an_address_or_number_that_is_none_is_a_problem(x: XClient, method: str, path: str, status: int) -> None:
    answer = await x.call(method, path, token=PROGRAM)

    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) >= {"title", "detail", "type", "status"}


async def test_ids_without_end_name_nothing(x: XClient, app_token: str) -> None:
    user = {"event_type": "post.create", "filter": {"user_id": ENDLESS}}

    rule = await x.call("POST", RULES, token=app_token, json={"delete": {"ids": [ENDLESS]}})
    subscribed = await x.call("POST", SUBSCRIPTIONS, token=app_token, json=user)
    ended = await x.call("DELETE", f"{SUBSCRIPTIONS}/{ENDLESS}", token=app_token)
    backfill = await x.call("GET", "/2/activity/stream", token=app_token, query={"backfill_minutes": ENDLESS})
    acted = await x.call("POST", "/sandbox/actions", json={"actions": [{"user": ENDLESS}]})

    assert [each.status for each in (rule, subscribed, ended, backfill, acted)] == [200, 400, 404, 400, 200]
    assert rule.body["meta"]["summary"]["not_deleted"] == 1
    assert "error" in acted.body["results"][0]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"text": "\\ud800"}', 400),
        (orjson.dumps({"text": "a" * 1_000_000}), 400),
        (b'{"text": "' + b"a" * 9_000_000 + b'"}', 413),
    ],
    ids=["cut short", "no UTF-8", "deep", "half a character", "a megabyte", "nine megabytes"],
)
async def test_a_body_that_cannot_be_read_is_a_problem(x: XClient, body: bytes, status: int) -> None:
    assert await _sent(x, "POST", "/2/tweets", body, "application/json") == (status, "application/problem+json")


@pytest.mark.parametrize("path", ["/2/oauth2/token", "/2/oauth2/revoke", "/oauth2/token", "/timeline/actions"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=b", f"{FORM}; charset=nope"),
        (b"a=\xff&grant_type=\xfe", FORM),
        (b"garbage", "multipart/form-data; boundary=abc"),
        (b"garbage", "multipart/form-data"),
        (b"a=b&" * 1_000, FORM),
        (b"{}", "application/json"),
    ],
)
async def test_a_form_that_is_none_is_refused(x: XClient, path: str, body: bytes, content_type: str) -> None:
    status, answered_as = await _sent(x, "POST", path, body, content_type)

    assert status in {400, 401}
    assert answered_as.endswith("json")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [("/2/tweets", b"Bearer"), (RULES, b"Bearer"), ("/2/oauth2/token", b"Basic"), ("/oauth2/token", b"Basic")],
)
async def test_credentials_that_are_no_text_are_unknown(x: XClient, path: str, scheme: bytes) -> None:
    assert b" 401 " in await _with_authorization(x, path, scheme + b" \xff\xfe")


@pytest.mark.parametrize(
    "value", ["@", "#", "#buy-kindle", "#1", "from:@", "to:two-words", "@sixteen.letters", f"from:{ENDLESS[:20]}"]
)
async def test_a_rule_for_what_cannot_be_is_refused(x: XClient, app_token: str, value: str) -> None:
    answer = await x.call("POST", RULES, token=app_token, json={"add": [{"value": value}]})

    assert answer.body["errors"][0]["type"].endswith("/invalid-rules")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "stall", "seconds": 1e300},
        {"kind": "delay", "milliseconds": 10**15},
        {"kind": "reorder", "window_milliseconds": 10**15},
        {"kind": "lose_answers", "count": 1, "delay_milliseconds": 10**15},
        {"kind": "lose_posts", "count": 1, "author": "nobody_here"},
    ],
)
async def test_a_fault_without_end_or_for_nobody_is_refused(x: XClient, fault: dict[str, object]) -> None:
    assert (await x.call("POST", "/sandbox/faults", json=fault)).status == 400


@pytest.mark.parametrize("who", ["nobody_here", ENDLESS, "%ff", "blank"])
async def test_the_page_opens_for_whoever_is_asked_for(x: XClient, who: str) -> None:
    await x.control("users", {"users": [{"username": "blank", "name": "  "}]})

    assert (await x.call("GET", f"/?as={who}")).status == 200


async def test_the_program_may_change_its_handle(x: XClient) -> None:
    await x.call("PATCH", "/sandbox/users/AmexSync", json={"username": "NewSync"})

    me = await x.call("GET", "/2/users/me", token=PROGRAM)
    state = await x.call("GET", "/sandbox/state")

    assert me.body["data"]["username"] == "NewSync"
    assert state.body["program"]["id"] == "1000000001"


async def test_an_endless_text_does_not_hold_the_streams_up(start_x: Callable[..., Awaitable[XClient]]) -> None:
    x = await start_x(tier=Tier.SELF_SERVE)

    answer = await x.call("POST", "/2/tweets", token=PROGRAM, json={"text": "😀" * 25_001})

    assert answer.status == 400
    assert "25000" in answer.body["errors"][0]["message"], "refused by its length alone, before it is weighed"
