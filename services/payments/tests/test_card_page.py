"""The card page in a browser's place: one form for one browser, which shows no number or CVV again."""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from aiohttp import ClientResponse, ClientSession
from services.payments.tests.cardnet_world import Cardnet
from services.payments.tests.payments_world import CVV, FORM, NUMBER, World

from kernel.secret import Secret
from payments.domain.card_session import LIFETIME, CardSession
from payments.inbound.card_page import CardPage
from payments.inbound.page_site import PageSite
from payments.outbound.memory import MemoryStore
from payments.outbound.vault import HmacFingerprints
from payments.usecases.enter_card import CardDesk
from payments.usecases.ports import Processor
from payments.usecases.start_card_session import start_card_session

PAGES = "https://sync.example"
COOKIE = "a-cookie-of-this-browser"


@dataclass(slots=True)
class Browser:
    """One browser with its session cookie, at the card page."""

    http: ClientSession
    world: World
    url: str = ""
    form_token: str = ""

    async def start(self) -> CardSession:
        browser_session = hashlib.sha256(COOKIE.encode()).hexdigest()
        session = await start_card_session(
            browser_session=browser_session,
            return_url=f"{PAGES}/link?step=3",
            return_origins=[PAGES],
            transactions=self.world.transactions,
        )
        assert isinstance(session, CardSession)
        self.form_token = session.form_token
        return session

    async def open(self, session_id: str, *, cookie: str = COOKIE) -> tuple[ClientResponse, str]:
        async with self.http.get(f"{self.url}/card/{session_id}", cookies={"hashtill_session": cookie}) as answer:
            return answer, await answer.text()

    async def post(self, session_id: str, *, cookie: str = COOKIE, **changes: str) -> tuple[ClientResponse, str]:
        form = FORM | {"form_token": self.form_token} | changes
        address, cookies = f"{self.url}/card/{session_id}", {"hashtill_session": cookie}
        async with self.http.post(address, data=form, cookies=cookies, allow_redirects=False) as answer:
            return answer, await answer.text()


async def opened(world: World, processor: Processor, *, test_card: str = "") -> AsyncIterator[Browser]:
    fingerprints = HmacFingerprints(Secret(b"k" * 32))
    desk = CardDesk(transactions=world.transactions, processor=processor, fingerprints=fingerprints)
    site = PageSite("127.0.0.1:0", CardPage(desk=desk, return_origins=[PAGES], test_card=test_card).application())
    await site.start()
    async with ClientSession() as http:
        yield Browser(http, world, url=f"http://127.0.0.1:{site.port}")
    await site.stop(grace_seconds=1)


@pytest.fixture
async def browser(memory_world: World, cardnet: Cardnet) -> AsyncIterator[Browser]:
    async for each in opened(memory_world, cardnet.processor()):
        yield each


@pytest.fixture
async def demonstration(memory_world: World) -> AsyncIterator[Browser]:
    async for each in opened(memory_world, memory_world.processor, test_card=NUMBER):
        yield each


async def test_a_card_is_entered_and_the_browser_sent_back(browser: Browser, memory: MemoryStore) -> None:
    session = await browser.start()

    shown, text = await browser.open(session.card_session_id)
    answer, _ = await browser.post(session.card_session_id)

    assert shown.status == 200
    assert session.form_token in text
    assert answer.status == 303
    assert answer.headers["Location"] == f"{PAGES}/link?step=3&card_session={session.card_session_id}"
    (card,) = memory.cards.values()
    assert (card.known.facts.last4, card.billing.reveal().city) == ("0005", "New York")


async def test_every_answer_has_strict_headers(browser: Browser) -> None:
    session = await browser.start()

    answers = [
        (await browser.open(session.card_session_id))[0],
        (await browser.open("cs_none"))[0],
        await browser.http.get(f"{browser.url}/static/card.js"),
        await browser.http.get(f"{browser.url}/elsewhere"),
    ]

    assert [each.status for each in answers] == [200, 404, 200, 404]
    for each in answers:
        policy = each.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert (each.headers["Cache-Control"], each.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert "Set-Cookie" not in each.headers


async def test_another_browser_is_turned_away(browser: Browser, memory: MemoryStore) -> None:
    session = await browser.start()

    shown, text = await browser.open(session.card_session_id, cookie="another")
    posted, _ = await browser.post(session.card_session_id, cookie="")

    assert (shown.status, posted.status) == (403, 403)
    assert "another browser" in text
    assert session.form_token not in text
    assert not memory.cards


async def test_a_forged_form_is_turned_away(browser: Browser, memory: MemoryStore) -> None:
    session = await browser.start()

    wrong, _ = await browser.post(session.card_session_id, form_token="guess")
    missing, _ = await browser.post(session.card_session_id, form_token="")

    assert (wrong.status, missing.status) == (403, 403)
    assert not memory.cards


async def test_a_session_is_used_once(browser: Browser) -> None:
    session = await browser.start()
    await browser.post(session.card_session_id)

    again, text = await browser.post(session.card_session_id)

    assert again.status == 410
    assert "entered already" in text


async def test_an_old_session_is_over(browser: Browser, memory: MemoryStore) -> None:
    session = await browser.start()
    memory.at += LIFETIME

    shown, text = await browser.open(session.card_session_id)

    assert shown.status == 410
    assert "Start again" in text


async def test_mistakes_are_marked_and_the_rest_is_kept(browser: Browser) -> None:
    session = await browser.start()

    answer, text = await browser.post(
        session.card_session_id, number="378282246310006", cvv="9876", postal_code="ABC", line1="PO Box 1"
    )

    assert answer.status == 422
    assert {*re.findall(r'id="(\w+)-error"', text)} == {"number", "postal_code", "line1"}
    assert 'value="Ann Example"' in text
    assert 'value="12/30"' in text
    assert "378282246310006" not in text
    assert "9876" not in text


async def test_the_networks_no_is_a_sentence_at_its_field(browser: Browser) -> None:
    session = await browser.start()

    wrong, text = await browser.post(session.card_session_id, cvv="2222")
    other, other_text = await browser.post(session.card_session_id, number="4111111111111111", cvv="123")
    right, _ = await browser.post(session.card_session_id)

    assert (wrong.status, other.status, right.status) == (422, 422, 303)
    assert "security code does not match" in text
    assert 'value="1 Main St"' in text
    assert "not accepted here" in other_text


async def test_a_network_that_is_away_asks_for_patience(browser: Browser, cardnet: Cardnet) -> None:
    session = await browser.start()
    await cardnet.arm("token", "error")

    away, text = await browser.post(session.card_session_id)
    right, _ = await browser.post(session.card_session_id)

    assert (away.status, right.status) == (503, 303)
    assert "try again in a moment" in text


async def test_too_many_tries_end_the_session(browser: Browser) -> None:
    session = await browser.start()
    for _ in range(8):
        await browser.post(session.card_session_id, cvv="2222")

    answer, text = await browser.post(session.card_session_id)

    assert answer.status == 410
    assert "Too many cards" in text


async def test_what_is_typed_is_shown_as_text_and_nothing_else(browser: Browser) -> None:
    session = await browser.start()
    script = '"><script>alert(1)</script>'

    _, text = await browser.post(session.card_session_id, name=script, number="")

    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


async def test_a_card_number_in_a_wrong_field_is_not_shown_again(browser: Browser, memory: MemoryStore) -> None:
    session = await browser.start()

    _, text = await browser.post(session.card_session_id, name=NUMBER, expiry="3782 822463 10005")

    assert NUMBER not in text
    assert "3782 822463 10005" not in text
    assert "looks like a card number" in text
    assert not memory.cards


async def test_an_endless_form_is_cut_off(browser: Browser) -> None:
    session = await browser.start()

    answer, _ = await browser.post(session.card_session_id, name="n" * 20_000)

    assert answer.status == 413


async def test_a_failure_shows_nothing_of_itself(demonstration: Browser, memory: MemoryStore) -> None:
    session = await demonstration.start()
    memory.sessions[session.card_session_id] = replace(session, return_url="http://[")

    answer, text = await demonstration.post(session.card_session_id)

    assert answer.status == 500
    assert "Something failed on our side" in text
    assert NUMBER not in text
    assert CVV not in text


async def test_a_demonstration_fills_in_its_test_card_once(demonstration: Browser) -> None:
    session = await demonstration.start()

    _, first = await demonstration.open(session.card_session_id)
    _, again = await demonstration.post(session.card_session_id, cvv="")

    assert f'value="{NUMBER}"' in first
    assert NUMBER not in again
    assert "Demonstration" in again
