"""Connections to a stream: heartbeats, who may connect, what a reconnect brings."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from sandbox.x.client import Frames, XClient
from sandbox.x.settings import Tier

PATH = "/2/tweets/search/stream"
MARK = "#endmark"


async def _rules(x: XClient, token: str, *values: str) -> None:
    add = [{"value": value, "tag": f"rule {value}"} for value in values]
    assert (await x.call("POST", PATH + "/rules", token=token, json={"add": add})).status == 201


async def _until_mark(x: XClient, frames: Frames) -> list[str]:
    """Give the texts that came before a post everybody's rules carry, so that absence needs no waiting."""
    await x.act("post", "leo_n", text=MARK)
    texts: list[str] = []
    while (text := (await frames.next())["data"]["text"]) != MARK:
        texts.append(text)
    return texts


async def test_an_idle_stream_sends_heartbeats(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#a")

    async with x.stream(PATH, token=app_token) as frames:
        beats = [await frames.line() for _ in range(2)]

    assert beats == [b"", b""]


async def test_each_frame_and_each_heartbeat_is_one_line_with_xs_ending(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#a")
    headers = {"Authorization": f"Bearer {app_token}"}

    async with aiohttp.ClientSession() as session, session.get(x.url + PATH, headers=headers) as stream:
        beat = await stream.content.readline()
        await x.act("post", "mia_k", text="#a\nsecond line")
        while (frame := await stream.content.readline()) == b"\r\n":
            pass

    assert beat == b"\r\n"
    assert frame.endswith(b"}\r\n")


async def test_a_second_connection_is_refused_and_a_stuck_one_can_be_ended(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#a")

    async with x.stream(PATH, token=app_token) as frames:
        second = await x.call("GET", PATH, token=app_token)
        listed = await x.call("GET", "/2/connections", token=app_token)
        ended = await x.call("DELETE", "/2/connections/filtered_stream", token=app_token)
        last = await frames.next()
    listed_after = await x.call("GET", "/2/connections", token=app_token)

    assert second.status == 429
    assert second.body["title"] == "ConnectionException"
    assert second.body["connection_issue"] == "TooManyConnections"
    assert [each["endpoint_name"] for each in listed.body["data"]] == ["filtered_stream"]
    assert ended.body["data"]["successful_kills"] == 1
    assert last["errors"][0]["disconnect_type"] == "ForceDisconnect"
    assert listed_after.body["meta"]["result_count"] == 0


async def test_a_reader_that_leaves_frees_its_place(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#a")

    async with x.stream(PATH, token=app_token):
        pass
    async with asyncio.timeout(5):
        while "data" in (await x.call("GET", "/2/connections", token=app_token)).body:
            pass

    async with x.stream(PATH, token=app_token) as frames:
        assert await frames.line() == b""


async def test_without_rules_there_is_no_stream(x: XClient, app_token: str) -> None:
    answer = await x.call("GET", PATH, token=app_token)

    assert answer.status == 409
    assert answer.body["connection_issue"] == "RuleConfigurationIssue"


async def test_an_unknown_field_is_refused_by_name(x: XClient, app_token: str) -> None:
    answer = await x.call("GET", PATH, token=app_token, query={"tweet.fields": "author"})

    assert answer.status == 400
    assert "author" in answer.body["errors"][0]["message"]


async def test_a_backfill_brings_what_was_missed_but_not_what_was_lost(x: XClient, app_token: str) -> None:
    await _rules(x, app_token, "#a", MARK)
    mia = {"event_type": "post.create", "filter": {"user_id": "1000000101"}}
    await x.call("POST", "/2/activity/subscriptions", token=app_token, json=mia)  # what nobody asked for cannot be lost
    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "mia_k", text="#a seen")
        await frames.next()
        await x.fault("drop")
        with pytest.raises((EOFError, aiohttp.ClientError)):
            await frames.next()
    await x.fault("lose_posts", count=1)
    await x.act("post", "mia_k", text="#a lost")
    await x.act("post", "mia_k", text="#a missed")

    async with x.stream(PATH, token=app_token, query={"backfill_minutes": "2"}) as frames:
        arrived = await _until_mark(x, frames)

    assert arrived == ["#a missed"]


async def test_self_serve_has_no_backfill(start_x: Callable[..., Awaitable[XClient]]) -> None:
    x = await start_x(tier=Tier.SELF_SERVE)
    token = await x.app_token("hashtill", "s3cret")

    answer = await x.call("GET", PATH, token=token, query={"backfill_minutes": "1"})

    assert answer.status == 403
