"""A browser: cookies of one person, pages followed through redirects, forms filled in and sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import aiohttp

from hashtill_cli.scenarios.world.forms import Form, read_html

PAGE_SECONDS_MAX = 20.0
"""A page takes milliseconds; forty people at once on a busy machine take longer."""


class PageError(Exception):
    """A page is not as a person would expect; the sentence says which and what it said instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page a person looks at."""

    url: str
    status: int
    title: str
    text: str
    forms: list[Form]

    def form(self, *, to: str = "", button: str = "") -> Form:
        """Give the form that goes to an address ending so, or has a button with these words. Raises PageError."""
        for form in self.forms:
            buttons = " ".join(form.buttons).casefold()
            if form.action.partition("?")[0].endswith(to) and button.casefold() in buttons:
                return form
        raise PageError(f"{self.url} ({self.status}) has no form to {to or '?'} with a button {button!r}: {self.text}")


class Browser:
    """One person's browser."""

    def __init__(self, connector: aiohttp.BaseConnector) -> None:
        self._session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # our servers have numbers for names
            timeout=aiohttp.ClientTimeout(total=PAGE_SECONDS_MAX),
        )

    async def open(self, url: str) -> Page:
        """Go to an address."""
        async with self._session.get(url) as response:
            return await _page(response)

    async def send(
        self, page: Page, form: Form, values: Mapping[str, str] | None = None, *, tick: bool = False, button: str = ""
    ) -> Page:
        """Fill in a form of a page and send it."""
        url = urljoin(page.url, form.action)
        filled = form.filled(values or {}, tick=tick, button=button)
        how = {"params": filled} if form.method == "get" else {"data": filled}
        headers = {"Origin": _origin(page.url), "Referer": page.url}
        async with self._session.request(form.method, url, headers=headers, **how) as response:  # type: ignore[arg-type]  # either of two keywords
            return await _page(response)

    async def close(self) -> None:
        """Close it; the shared connections stay."""
        await self._session.close()


async def _page(response: aiohttp.ClientResponse) -> Page:
    html = await response.text()
    reading = read_html(html)
    return Page(
        url=str(response.url), status=response.status, title=reading.title, text=reading.text, forms=reading.forms
    )


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
