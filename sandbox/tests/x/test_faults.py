"""Every fault that can be set does what it says, and nothing more once it is cleared."""

import asyncio
import time

import aiohttp
import pytest

from sandbox.x.client import Frames, XClient

PATH = "/2/tweets/search/stream"
RULES = {"add": [{"value": "#a"}]}


@pytest.fixture(autouse=True)
async def _rule(x: XClient, app_token: str) -> None:
    await x.call("POST", PATH + "/rules", token=app_token, json=RULES)


async def _texts(frames: Frames, count: int) -> list[str]:
    return [(await frames.next())["data"]["text"] for _ in range(count)]


async def test_drop_tears_the_stream_now(x: XClient, app_token: str) -> None:
    async with x.stream(PATH, token=app_token) as frames:
        await x.fault("drop")

        with pytest.raises(aiohttp.ClientError):
            await frames.next()


async def test_a_clean_drop_closes_it_in_order(x: XClient, app_token: str) -> None:
    async with x.stream(PATH, token=app_token) as frames:
        await x.fault("drop", clean=True)

        with pytest.raises(EOFError):
            await frames.next()


async def test_reconnects_are_refused_until_cleared_and_on_the_named_stream_only(x: XClient, app_token: str) -> None:
    await x.fault("refuse", seconds=600, stream="filtered_stream")

    refused = await x.call("GET", PATH, token=app_token)
    async with x.stream("/2/activity/stream", token=app_token) as frames:
        beat = await frames.line()
    await x.call("DELETE", "/sandbox/faults")
    async with x.stream(PATH, token=app_token) as frames:
        reopened = await frames.line()

    assert refused.status == 503
    assert (beat, reopened) == (b"", b"")


async def test_a_stalled_stream_sends_no_byte_then_all(x: XClient, app_token: str) -> None:
    async with x.stream(PATH, token=app_token) as frames:
        await x.fault("stall", seconds=0.6)
        began = time.monotonic()
        await x.act("post", "mia_k", text="#a")
        lines = [await frames.line()]
        while not lines[-1]:
            lines.append(await frames.line())
        took = time.monotonic() - began

    assert took > 0.5
    assert len(lines) <= 2, "at most one heartbeat was on its way before the stall"


async def test_every_frame_comes_as_often_as_told(x: XClient, app_token: str) -> None:
    await x.fault("duplicate", times=3)

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "mia_k", text="#a 1")
        await x.act("post", "mia_k", text="#a 2")
        texts = await _texts(frames, 6)

    assert texts == ["#a 1"] * 3 + ["#a 2"] * 3


async def test_frames_are_delayed(x: XClient, app_token: str) -> None:
    await x.fault("delay", milliseconds=300)

    async with x.stream(PATH, token=app_token) as frames:
        began = time.monotonic()
        await x.act("post", "mia_k", text="#a")
        await frames.next()

    assert time.monotonic() - began >= 0.29


async def test_frames_change_their_order_within_a_window(x: XClient, app_token: str) -> None:
    actions = [{"user": "mia_k", "text": f"#a {n}"} for n in range(3)]

    async with x.stream(PATH, token=app_token) as frames:
        await x.fault("reorder", window_milliseconds=400)
        await x.control("actions", {"actions": actions})
        texts = await _texts(frames, 3)

    assert texts == ["#a 2", "#a 1", "#a 0"]


async def test_an_in_band_error_ends_the_stream(x: XClient, app_token: str) -> None:
    async with x.stream(PATH, token=app_token) as frames:
        await x.fault("error_frame", disconnect_type="UpstreamOperationalDisconnect")
        frame = await frames.next()

        with pytest.raises(EOFError):
            await frames.next()

    assert frame["errors"][0]["title"] == "operational-disconnect"
    assert frame["errors"][0]["disconnect_type"] == "UpstreamOperationalDisconnect"


async def test_a_reader_too_far_behind_is_cut_off(x: XClient, app_token: str) -> None:
    await x.fault("duplicate", times=100)
    actions = [{"user": "mia_k", "text": f"#a {n}"} for n in range(501)]

    async with x.stream(PATH, token=app_token) as frames:
        await x.control("actions", {"actions": actions})
        frame = await frames.next()

    assert frame["errors"][0]["disconnect_type"] == "SlowReader"


async def test_a_garbage_frame_comes_between_good_ones(x: XClient, app_token: str) -> None:
    async with x.stream(PATH, token=app_token) as frames:
        await x.fault("garbage_frame", text="{not json")
        await x.act("post", "mia_k", text="#a")
        lines = [line for line in [await frames.line() for _ in range(3)] if line]

    assert lines[0] == b"{not json"


async def test_lost_posts_are_found_by_search_only(x: XClient, app_token: str) -> None:
    await x.fault("lose_posts", count=1, author="mia_k")

    async with x.stream(PATH, token=app_token) as frames:
        await x.act("post", "jonas_b", text="#a by another")
        await x.act("post", "mia_k", text="nothing a stream would carry")
        await x.act("post", "mia_k", text="#a lost")
        await x.act("post", "mia_k", text="#a after")
        texts = await _texts(frames, 2)
    found = await x.call("GET", "/2/tweets/search/recent", token=app_token, query={"query": "#a from:mia_k"})

    assert texts == ["#a by another", "#a after"]
    assert [each["text"] for each in found.body["data"]] == ["#a after", "#a lost"]


@pytest.mark.parametrize(("status", "spent"), [(429, True), (500, False)])
async def test_calls_fail_as_often_as_told_and_without_effect(x: XClient, status: int, *, spent: bool) -> None:
    await x.fault("fail_calls", count=2, status=status, method="POST", path="/2/tw*")

    answers = [await x.call("POST", "/2/tweets", token="program-token", json={"text": f"post {n}"}) for n in range(3)]

    assert [answer.status for answer in answers] == [status, status, 201]
    assert "x-rate-limit-reset" in answers[0].headers
    assert (answers[0].headers["x-rate-limit-remaining"] == "0") is spent
    assert len((await x.call("GET", "/sandbox/posts")).body["posts"]) == 1


async def test_a_lost_answer_leaves_the_post_in_place(x: XClient) -> None:
    await x.fault("lose_answers", count=1)

    with pytest.raises(aiohttp.ClientError):
        await x.call("POST", "/2/tweets", token="program-token", json={"text": "did it work?"})

    timeline = await x.call("GET", "/2/users/1000000001/tweets", token="program-token")
    assert [each["text"] for each in timeline.body["data"]] == ["did it work?"]


async def test_a_late_answer_comes_after_its_post(x: XClient) -> None:
    await x.fault("lose_answers", count=1, delay_milliseconds=400, cut=False)

    posting = asyncio.create_task(x.call("POST", "/2/tweets", token="program-token", json={"text": "slow"}))
    seen = await x.call("GET", "/sandbox/posts", query={"wait_seconds": "5"})

    assert [each["text"] for each in seen.body["posts"]] == ["slow"]
    assert not posting.done()
    assert (await posting).status == 201


@pytest.mark.parametrize("fault", [{"kind": "flood"}, {"kind": "stall"}, {"kind": "drop", "stream": "x"}, {}])
async def test_an_unknown_fault_is_refused(x: XClient, fault: dict[str, object]) -> None:
    assert (await x.call("POST", "/sandbox/faults", json=fault)).status == 400
