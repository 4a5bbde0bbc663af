"""Linking that does not go through: each "no" is a page that says what happened and what to do next."""

import pytest
from services.gateway.tests.pages.fake_peers import LINK_ID, refuse
from services.gateway.tests.pages.pages_world import PagesWorld, Visitor
from services.gateway.tests.pages.test_linking import CALLBACK, DONE, linked, start

from hashtill.identity.v1 import link_pb2
from kernel.refusals import RefusalKind


async def test_who_does_not_allow_us_is_told_that_it_is_fine(pages: PagesWorld, mia: Visitor) -> None:
    await start(mia)
    asked = len(pages.identity.asked)

    page = await mia.get("/link/callback?error=access_denied&state=state-1")

    assert page.status == 200
    assert "You chose not to allow access" in page.text
    assert len(pages.identity.asked) == asked


async def test_another_error_of_the_network_is_told_apart(mia: Visitor) -> None:
    page = await mia.get("/link/callback?error=server_error&state=state-1")

    assert "The network sent you back without an answer" in page.text


@pytest.mark.parametrize("path", ["/link/callback", "/link/callback?state=s", "/link/callback?code=c"])
async def test_a_way_back_without_state_or_code_is_no_way_back(mia: Visitor, path: str) -> None:
    page = await mia.get(path)

    assert page.status == 400
    assert "This sync was not started here" in page.text


@pytest.mark.parametrize("path", [CALLBACK, DONE])
async def test_a_browser_without_the_session_finishes_nothing(
    pages: PagesWorld, mia: Visitor, mallory: Visitor, path: str
) -> None:
    await start(mia)
    asked = len(pages.identity.asked)

    page = await mallory.get(path)

    assert page.status == 403
    assert "Please finish in the browser you started in" in page.text
    assert len(pages.identity.asked) == asked


@pytest.mark.parametrize("path", [CALLBACK, DONE])
async def test_another_browsers_session_finishes_nothing(
    pages: PagesWorld, mia: Visitor, mallory: Visitor, path: str
) -> None:
    await start(mia)
    await mallory.get("/link")

    page = await mallory.get(path)

    assert page.status == 403
    assert "Please finish in the browser you started in" in page.text
    assert pages.identity.link.status == link_pb2.LINK_STATUS_PENDING_AUTHORIZATION


async def test_another_browser_neither_ends_a_link_nor_gives_it_a_card(
    pages: PagesWorld, mia: Visitor, mallory: Visitor
) -> None:
    await linked(mia)
    form = await mallory.get("/link")
    fields = {"form_token": form.field("form_token"), "link": LINK_ID}
    cards = len(pages.payments.asked)

    ended, card = await mallory.post("/link/unlink", **fields), await mallory.post("/link/card", **fields)

    assert (ended.status, card.status) == (403, 403)
    assert pages.identity.link.status == link_pb2.LINK_STATUS_ACTIVE
    assert len(pages.payments.asked) == cards


@pytest.mark.parametrize(
    ("reason", "words", "status"),
    [
        ("LINK_STATE_EXPIRED", "That took a little too long", 409),
        ("CODE_REFUSED", "The network did not let us in", 409),
        ("ACCOUNT_PROTECTED", "Your account is protected", 409),
    ],
)
async def test_what_the_network_brings_to_light_is_explained(
    pages: PagesWorld, mia: Visitor, reason: str, words: str, status: int
) -> None:
    await start(mia)
    pages.identity.refusal = refuse(RefusalKind.PRECONDITION, reason)

    page = await mia.get(CALLBACK)

    assert page.status == status
    assert words in page.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("CARD_PREPAID", "Prepaid cards cannot be synced"),
        ("CARD_CORPORATE", "Corporate cards cannot be synced"),
        ("CARD_GIFT", "Gift cards cannot be synced"),
        ("CARD_BRAND_NOT_ACCEPTED", "Only American Express cards"),
        ("CARD_WRONG_COUNTRY", "not issued in the country"),
        ("CARD_SESSION_EMPTY", "No card was entered yet"),
    ],
)
async def test_a_card_that_cannot_be_used_says_why_and_another_one_may_be(
    pages: PagesWorld, mia: Visitor, reason: str, words: str
) -> None:
    await start(mia)
    await mia.get(CALLBACK)
    pages.identity.refusal = refuse(RefusalKind.PRECONDITION, reason)
    page = await mia.get(DONE)
    pages.identity.refusal = None

    again = await mia.post(
        "/link/card", form_token=page.field("form_token"), nonce=page.field("nonce"), link=page.field("link")
    )

    assert page.status == 409
    assert words in page.text
    assert again.status == 303
    assert again.location.startswith("https://card.example/card/")


async def test_a_refused_card_is_remembered_on_the_links_page(pages: PagesWorld, mia: Visitor) -> None:
    await linked(mia)
    pages.identity.link.status = link_pb2.LINK_STATUS_CARD_REFUSED
    pages.identity.link.refusal_reason = "CARD_PREPAID"

    page = await mia.get("/link")

    assert "Prepaid cards cannot be synced" in page.text
    assert "Use another card" in page.text


@pytest.mark.parametrize("link", ["", "nonsense", "../../etc", "x" * 5_000])
async def test_a_link_that_is_none_is_not_found(mia: Visitor, link: str) -> None:
    form = await mia.get("/link")
    token = form.field("form_token")

    done = await mia.get("/link/done", params={"link": link, "card_session": "cs"})
    ended = await mia.post("/link/unlink", form_token=token, link=link)
    card = await mia.post("/link/card", form_token=token, link=link)

    assert (done.status, ended.status, card.status) == (404, 404, 404)


async def test_back_from_the_card_page_without_a_card_the_link_is_shown(mia: Visitor) -> None:
    await start(mia)

    page = await mia.get(f"/link/done?link={LINK_ID}")

    assert (page.status, page.location) == (303, "/link")
