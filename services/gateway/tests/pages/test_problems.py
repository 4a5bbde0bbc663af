"""Whatever goes wrong is a page in our own look: no stack trace, no hint, and what to do next."""

from collections.abc import AsyncIterator

import pytest
from services.gateway.tests.pages.fake_peers import LINK_ID
from services.gateway.tests.pages.pages_world import (
    Answer,
    PagesWorld,
    Visitor,
    lonely_site,
    options,
    pages_world,
    token,
)

from gateway.inbound.pages.forms import BODY_BYTES_MAX
from kernel.page_addresses import PagePurpose

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def nobody() -> AsyncIterator[Visitor]:
    async with lonely_site() as world, world.visitor() as visitor:
        yield visitor


def assert_is_ours(page: Answer, status: int, words: str) -> None:
    assert page.status == status
    assert words in page.text
    assert "AmexSync" in page.text
    assert "Traceback" not in page.text


async def test_an_unknown_address_is_not_found(mia: Visitor) -> None:
    assert_is_ours(await mia.get("/nothing/here"), 404, "There is no such page")
    assert_is_ours(await mia.get("/static/secrets.txt"), 404, "There is no such page")
    assert_is_ours(await mia.get("/static/..%2fview.py"), 404, "There is no such page")


async def test_another_method_is_not_possible(mia: Visitor) -> None:
    page = await mia.post("/favorites")

    assert_is_ours(page, 405, "That is not possible here")
    assert "GET" in page.headers["Allow"]


@pytest.mark.parametrize("path", ["/favorites/events", "/order/{view}/events"])
async def test_a_stream_is_read_or_not_asked_for(mia: Visitor, path: str) -> None:
    page = await mia._ask("HEAD", path.format(view=token(PagePurpose.VIEW)))

    assert page.status == 405


async def test_a_body_beyond_the_bound_is_too_much(mia: Visitor) -> None:
    assert_is_ours(await mia.post("/link", name="x" * BODY_BYTES_MAX), 413, "That is too much text")


async def test_only_plain_forms_are_taken(mia: Visitor) -> None:
    page = await mia._ask("POST", "/link", json={"name": "Mia"})

    assert_is_ours(page, 415, "We could not read that")


@pytest.mark.parametrize("body", [b"name=\xff\xfe&\xff=1", b"&&&=;%%%", b"\x00" * 100])
async def test_bytes_that_are_no_form_change_nothing(pages: PagesWorld, mia: Visitor, body: bytes) -> None:
    await mia.get("/link")

    page = await mia._ask("POST", "/link", data=body, headers=FORM)

    assert page.status in {400, 403}
    assert not pages.identity.asked


async def test_an_unknown_charset_is_a_bad_request(mia: Visitor) -> None:
    await mia.get("/link")

    page = await mia._ask("POST", "/link", data=b"a=b", headers={"Content-Type": FORM["Content-Type"] + "; charset=no"})

    assert page.status == 400


@pytest.mark.parametrize(
    "path",
    ["/link", "/link/card", "/link/unlink", "/order/{view}/confirm", "/order/{view}/cancel", "/confirm/{confirm}"],
)
async def test_a_form_of_another_browser_changes_nothing(
    pages: PagesWorld, mia: Visitor, mallory: Visitor, path: str
) -> None:
    address = path.format(view=token(PagePurpose.VIEW), confirm=token(PagePurpose.CONFIRM))
    theirs = (await mallory.get("/link")).field("form_token")
    await mia.get("/link")

    for proof in ({}, {"form_token": ""}, {"form_token": "é" * 64}, {"form_token": theirs}):
        page = await mia.post(address, link=LINK_ID, name="Mia", email="m@example.com", agreed="yes", **proof)
        assert_is_ours(page, 403, "Please try that again")

    assert not pages.identity.asked
    assert not pages.orders.asked
    assert not pages.payments.asked


async def test_a_form_without_any_cookie_changes_nothing(pages: PagesWorld, mia: Visitor, mallory: Visitor) -> None:
    proof = (await mia.get("/link")).field("form_token")

    page = await mallory.post("/link", form_token=proof, name="Mia", email="m@example.com", agreed="yes")

    assert page.status == 403
    assert not pages.identity.asked


@pytest.mark.parametrize(
    "path", ["/", "/favorites", "/order/{view}", "/confirm/{confirm}", "/link/callback?state=s&code=c"]
)
async def test_with_the_services_away_a_page_says_to_try_again(nobody: Visitor, path: str) -> None:
    await nobody.get("/link")

    page = await nobody.get(path.format(view=token(PagePurpose.VIEW), confirm=token(PagePurpose.CONFIRM)))

    assert_is_ours(page, 503, "Please try again in a moment")
    assert page.headers["Retry-After"] == "5"


async def test_pages_that_need_nobody_work_while_the_services_are_away(nobody: Visitor) -> None:
    form, not_me = await nobody.get("/link"), await nobody.get(f"/not-me/{token(PagePurpose.DISOWN)}")

    assert (form.status, not_me.status) == (200, 200)


async def test_a_bug_of_a_peer_is_noted_and_told_without_a_word_of_it(pages: PagesWorld, mia: Visitor) -> None:
    pages.orders.order.order_id = ""
    pages.orders.refusal = ValueError("inner words")  # type: ignore[assignment] # the bug
    address = f"/confirm/{token(PagePurpose.CONFIRM)}"
    form = await mia.get("/link")

    page = await mia.post(address, form_token=form.field("form_token"))

    assert_is_ours(page, 500, "Something failed on our side")
    assert "inner words" not in page.text


@pytest.mark.parametrize("path", ["/favorites", "/link", "/order/{view}", "/nothing", "/static/pages.css"])
async def test_every_answer_is_protected(mia: Visitor, path: str) -> None:
    page = await mia.get(path.format(view=token(PagePurpose.VIEW)))

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in page.headers


async def test_pages_are_not_kept_and_assets_are(mia: Visitor) -> None:
    page = await mia.get("/link")
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]

    asset = await mia.get(style)

    assert page.headers["Cache-Control"] == "no-store"
    assert "immutable" in asset.headers["Cache-Control"]
    assert asset.headers["Content-Type"].startswith("text/css")


async def test_no_page_holds_code_or_style_inline(mia: Visitor) -> None:
    for path in ("/favorites", "/link", f"/order/{token(PagePurpose.VIEW)}", f"/confirm/{token(PagePurpose.CONFIRM)}"):
        page = await mia.get(path)

        assert "<style" not in page.text
        assert "style=" not in page.text
        assert "<script>" not in page.text
        assert " onclick" not in page.text


async def test_forms_that_lead_to_the_network_may_and_others_may_not(mia: Visitor) -> None:
    link, order = await mia.get("/link"), await mia.get(f"/order/{token(PagePurpose.VIEW)}")

    assert "form-action 'self' http: https:" in link.headers["Content-Security-Policy"]
    assert order.headers["Content-Security-Policy"].endswith("form-action 'self'")


@pytest.mark.parametrize("path", ["/link/callback", "/link/done", "/favorites", "/link"])
async def test_ten_kilobytes_in_a_query_break_nothing(mia: Visitor, path: str) -> None:
    page = await mia.get(path, params={"state": "s" * 10_000, "link": "l" * 10_000, "error": "\x00"})

    assert 200 <= page.status < 500


async def test_a_taken_address_is_one_sentence(pages: PagesWorld) -> None:
    with pytest.raises(OSError, match="Choose another HASHTILL_PAGES_LISTEN"):
        async with pages_world(options(), listen=f"127.0.0.1:{pages.site.port}"):
            pass
