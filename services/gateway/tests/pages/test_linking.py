"""Linking as a browser does it: the form, the network, the card page, the state, the end."""

from urllib.parse import parse_qs, urlsplit

from services.gateway.tests.pages.fake_peers import LINK_ID, STATE, refuse
from services.gateway.tests.pages.pages_world import Answer, PagesWorld, Visitor, options, pages_world

from gateway.inbound.pages.browser import SESSION_COOKIE
from hashtill.identity.v1 import identity_service_pb2 as identity_pb
from hashtill.identity.v1 import link_pb2
from kernel.refusals import RefusalKind

CALLBACK = f"/link/callback?state={STATE}&code=code-1"
DONE = f"/link/done?link={LINK_ID}&card_session=cs-1"


async def start(visitor: Visitor, **changes: str) -> Answer:
    form = await visitor.get("/link")
    fields = {
        "name": "Mia Miller",
        "email": "mia@example.com",
        "language": "en",
        "network": "x",
        "agreed": "yes",
        "form_token": form.field("form_token"),
        "nonce": form.field("nonce"),
    }
    return await visitor.post("/link", **fields | changes)


async def linked(visitor: Visitor) -> Answer:
    await start(visitor)
    await visitor.get(CALLBACK)
    return await visitor.get(DONE)


async def test_the_form_starts_a_link_and_leads_to_the_network(pages: PagesWorld, mia: Visitor) -> None:
    answer = await start(mia)

    assert (answer.status, answer.location) == (303, pages.identity.authorize_url)
    asked = pages.identity.asked[-1]
    assert isinstance(asked, identity_pb.StartLinkRequest)
    assert (asked.name, asked.email, asked.network, asked.terms_version) == (
        "Mia Miller",
        "mia@example.com",
        "x",
        "2013-02",
    )


async def test_only_the_hash_of_the_session_cookie_leaves_the_pages(pages: PagesWorld, mia: Visitor) -> None:
    await linked(mia)

    cookie = next(each.value for each in mia.http.cookie_jar if each.key == SESSION_COOKIE)
    assert len(cookie) == 22
    assert len(pages.identity.owner) == 64
    assert not [each for each in (*pages.identity.asked, *pages.payments.asked) if cookie in str(each)]


async def test_the_same_form_sent_twice_starts_one_link(pages: PagesWorld, mia: Visitor) -> None:
    await start(mia, nonce="n1")
    await start(mia, nonce="n1")
    await start(mia, nonce="n1", name="Mia M.")

    ids = [each.context.request_id for each in pages.identity.asked if isinstance(each, identity_pb.StartLinkRequest)]
    assert ids[0] == ids[1] != ids[2]


async def test_back_from_the_network_the_browser_goes_to_the_card_page(pages: PagesWorld, mia: Visitor) -> None:
    await start(mia)

    first, again = await mia.get(CALLBACK), await mia.get(CALLBACK)

    assert first.status == 303
    assert first.location == again.location
    assert first.location.startswith("https://card.example/card/")
    back = urlsplit(pages.payments.asked[0].return_url)
    assert (back.netloc, back.path, parse_qs(back.query)) == ("pages.example", "/link/done", {"link": [LINK_ID]})


async def test_the_attached_card_is_told_as_synced(mia: Visitor) -> None:
    page = await linked(mia)

    assert page.status == 200
    for words in ("You're synced", "@mia_buys", "••••0005"):
        assert words in page.text


async def test_the_page_shows_how_this_browsers_link_stands(mia: Visitor, mallory: Visitor) -> None:
    await linked(mia)

    own, other = await mia.get("/link"), await mallory.get("/link")

    assert "@mia_buys" in own.text
    assert "Unlink" in own.text
    assert "@mia_buys" not in other.text
    assert "Sync your card" in other.text


async def test_a_started_link_offers_to_start_again(mia: Visitor) -> None:
    await start(mia)

    page = await mia.get("/link")

    assert "Not finished yet" in page.text
    assert "Agree and continue" in page.text


async def test_a_link_without_card_offers_the_card_page(pages: PagesWorld, mia: Visitor) -> None:
    await start(mia)
    await mia.get(CALLBACK)
    page = await mia.get("/link")

    answer = await mia.post(
        "/link/card", form_token=page.field("form_token"), nonce=page.field("nonce"), link=page.field("link")
    )

    assert "One step left" in page.text
    assert answer.status == 303
    assert len({each.context.request_id for each in pages.payments.asked}) == 2


async def test_unlinking_ends_the_link_and_says_so(pages: PagesWorld, mia: Visitor) -> None:
    await linked(mia)
    page = await mia.get("/link")

    answer = await mia.post("/link/unlink", form_token=page.field("form_token"), link=page.field("link"))
    after = await mia.get("/link")

    assert (answer.status, answer.location) == (303, "/link")
    assert pages.identity.link.status == link_pb2.LINK_STATUS_ENDED
    assert "This sync has ended" in after.text


async def test_a_frozen_link_says_why(pages: PagesWorld, mia: Visitor) -> None:
    await linked(mia)
    pages.identity.link.status, pages.identity.link.refusal_reason = link_pb2.LINK_STATUS_FROZEN, "NOT_ME"

    page = await mia.get("/link")

    assert "This sync is frozen" in page.text
    assert "an order was not yours" in page.text


async def test_what_is_missing_is_said_beside_its_field_and_the_rest_is_kept(pages: PagesWorld, mia: Visitor) -> None:
    page = await start(mia, email="nowhere", agreed="no")

    assert page.status == 422
    assert "Please write your e-mail address" in page.text
    assert "we need your consent" in page.text
    assert 'value="Mia Miller"' in page.text
    assert not pages.identity.asked


async def test_what_identity_finds_in_a_field_is_said_beside_it(pages: PagesWorld, mia: Visitor) -> None:
    pages.identity.refusal = refuse(
        RefusalKind.INVALID, "INVALID_FIELD", "email: that is no address we can write to.", field="email"
    )

    page = await start(mia)

    assert page.status == 422
    assert "That is no address we can write to." in page.text


async def test_names_are_escaped_and_very_long_ones_are_cut(mia: Visitor) -> None:
    page = await start(mia, name='"><script>alert(1)</script>' + "x" * 10_000)

    assert page.status == 422
    assert "<script>alert(1)" not in page.text
    assert len(page.text) < 12_000


async def test_over_https_the_session_cookie_is_secure_and_shared_as_set() -> None:
    safe = options("https://pages.example", cookie_domain="example.com")
    async with pages_world(safe) as world, world.visitor() as visitor:
        page = await visitor.get("/link")

    for words in (SESSION_COOKIE, "HttpOnly", "SameSite=Lax", "Secure", "Domain=example.com"):
        assert words in page.cookies
    assert "Strict-Transport-Security" in page.headers
