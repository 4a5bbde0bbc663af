"""Linking: a person walks the real pages, from "Sync" over X's consent to the card, as a browser would."""

from dataclasses import dataclass

from hashtill_cli.scenarios.world.browser import Browser, Page
from hashtill_cli.scenarios.world.member import Member

HTTP_OK = 200

CARD_FIELDS = {
    "name": "",
    "number": "",
    "expiry": "12/30",
    "cvv": "1234",
    "line1": "200 Vesey Street",
    "line2": "",
    "city": "New York",
    "region": "NY",
    "postal_code": "10285",
    "country": "US",
}
"""What a person writes into the card form, but for name and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """How it ended: the last page's words, and whether the person may buy from now on."""

    done: bool
    words: str
    page: Page


async def link(member: Member, pages_url: str) -> Linked:
    """Walk from the link page to its end, whatever that is."""
    card_page = await consent(member, pages_url)
    if not _asks_for_card(card_page):
        return Linked(done=False, words=card_page.text, page=card_page)
    return await enter_card(member.browser, card_page, number=member.card.number, name=member.name)


async def consent(member: Member, pages_url: str) -> Page:
    """Fill in the link form and allow the program at X; gives the card page, or the page that says why not."""
    browser = member.browser
    start = await browser.open(f"{pages_url}/link")
    answers = {"name": member.name, "email": member.email}
    asked = await browser.send(start, start.form(to="/link"), answers, tick=True)
    form = asked.form(to="/authorize", button="Allow")
    return await browser.send(asked, form, {"username": member.handle}, button="Allow")


async def enter_card(browser: Browser, page: Page, *, number: str, name: str) -> Linked:
    """Fill in the card form, and follow to the end."""
    form = next(form for form in page.forms if "number" in form.fields)
    answers = {**CARD_FIELDS, "number": number, "name": name}
    end = await browser.send(page, form, {key: value for key, value in answers.items() if key in form.fields})
    done = end.status == HTTP_OK and "synced" in end.text.casefold() and not _asks_for_card(end)
    return Linked(done=done, words=end.text, page=end)


def _asks_for_card(page: Page) -> bool:
    return any("number" in form.fields and "cvv" in form.fields for form in page.forms)
