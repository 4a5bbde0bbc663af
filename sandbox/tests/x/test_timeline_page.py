"""The timeline page: what a person sees, does, and is told live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest

from sandbox.x.client import XClient


async def _page(x: XClient, path: str = "/") -> str:
    async with aiohttp.ClientSession() as session, session.get(x.url + path) as response:
        assert response.status == 200
        return await response.text()


@asynccontextmanager
async def _events(x: XClient) -> AsyncIterator[aiohttp.StreamReader]:
    async with aiohttp.ClientSession() as session, session.get(x.url + "/timeline/events") as response:
        await response.content.readuntil(b"\n\n")
        yield response.content


async def _event(stream: aiohttp.StreamReader) -> dict[str, str]:
    async with asyncio.timeout(5):
        return dict(orjson.loads((await stream.readuntil(b"\n\n")).removeprefix(b"data: ")))


async def test_what_people_write_is_escaped_and_hashtags_stand_out(x: XClient) -> None:
    await x.act("post", "mia_k", text="<script>alert(1)</script> & #BuyKindle 👍")

    page = await _page(x)

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert '<span class="hashtag">#BuyKindle</span>' in page


async def test_a_prompt_shows_a_countdown_from_its_own_time_until_it_is_answered(x: XClient) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")
    prompt = int(await x.act("reply", "AmexSync", text="Post #OKB7KQ2MVX to confirm", post_id=asked))
    ends = (prompt >> 22) + 1288834974657 + 900_000

    open_page = await _page(x)
    await x.act("post", "mia_k", text="#okb7kq2mvx")
    answered_page = await _page(x)

    assert f'data-ends="{ends}"' in open_page
    assert "data-ends" not in answered_page
    assert "Answered" in answered_page


@pytest.mark.parametrize("text", ["Sold out, sorry", "Thanks #OKshort", "#BuyKindle is late"])
async def test_other_replies_show_no_countdown(x: XClient, text: str) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")
    await x.act("reply", "AmexSync", text=text, post_id=asked)

    assert "countdown" not in await _page(x)


async def test_a_person_posts_with_the_form_and_comes_back_as_the_same_user(x: XClient) -> None:
    form = {"do": "post", "user": "1000000102", "text": "hello there"}

    answer = await x.call("POST", "/timeline/actions", form=form)

    assert (answer.status, answer.headers["Location"]) == (303, "/?as=1000000102")
    assert "hello there" in await _page(x, "/?as=1000000102")


@pytest.mark.parametrize(
    "form",
    [
        {"do": "post", "user": "mia_k", "text": "  "},
        {"do": "reply", "user": "mia_k", "text": "x"},
        {"do": "dance", "user": "mia_k"},
        {},
    ],
)
async def test_a_form_that_cannot_be_is_answered_with_a_sentence(x: XClient, form: dict[str, str]) -> None:
    answer = await x.call("POST", "/timeline/actions", form=form)

    assert answer.status == 400
    assert " " in answer.body["error"]


async def test_an_open_page_is_told_of_replies_and_of_deletes(x: XClient) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")

    async with _events(x) as stream:
        await x.act("reply", "AmexSync", text="Post #OKB7KQ2MVX", post_id=asked)
        replied = await _event(stream)
        await x.act("delete", "mia_k", post_id=asked)
        deleted = await _event(stream)

    assert replied["conversation"] == asked
    assert "#OKB7KQ2MVX" in replied["html"]
    assert "#BuyKindle" not in deleted["html"]


async def test_a_confirmation_elsewhere_refreshes_the_prompts_thread(x: XClient) -> None:
    asked = await x.act("post", "mia_k", text="#BuyKindle")
    prompt = await x.act("reply", "AmexSync", text="Post #OKB7KQ2MVX", post_id=asked)

    async with _events(x) as stream:
        await x.act("repost", "mia_k", post_id=prompt)
        events = [await _event(stream), await _event(stream)]

    assert any(event["conversation"] == asked and "Answered" in event["html"] for event in events)


async def test_the_sign_in_page_lists_people_but_not_the_program(x: XClient) -> None:
    challenge = "A" * 43
    page = await _page(
        x,
        "/i/oauth2/authorize?response_type=code&client_id=hashtill&redirect_uri=http://127.0.0.1:9/callback"
        f"&scope=users.read&state=s&code_challenge={challenge}&code_challenge_method=S256",
    )

    assert "@mia_k" in page
    assert "@AmexSync" not in page
