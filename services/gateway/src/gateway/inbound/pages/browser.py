"""The browser: a random session cookie, its hash for our services, and the proof that a form is from our page."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from gateway.inbound.pages.parts import PageOptions
from kernel.secret import Secret

SESSION_COOKIE = "hashtill_session"
"""Read by payments' card page too."""

LINK_COOKIE = "hashtill_link"
"""The id of this browser's latest link; worth nothing without the session cookie."""

SESSION_BYTES = 16
SESSION_SECONDS = 30 * 24 * 3_600
"""A month: long enough to look at one's link or end it, short enough for a borrowed computer."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")
_KEY = web.RequestKey("browser", object)


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """One browser session."""

    secret: Secret[str]
    is_new: bool
    form_token: str
    """Proof in every form: bound to this session by HMAC, so that no other site can write it."""

    @property
    def session(self) -> str:
        """What our services may know of it: SHA-256 of the cookie, as hex."""
        return hashlib.sha256(self.secret.reveal().encode()).hexdigest()

    def wrote(self, form_token: str) -> bool:
        """Whether a form's proof is this session's; compares in constant time."""
        return hmac.compare_digest(form_token.encode(), self.form_token.encode())


def browser_of(request: web.Request, options: PageOptions) -> Browser:
    """Give the request's browser session; one that has none yet is given one with the answer."""
    known = request.get(_KEY)
    if isinstance(known, Browser):
        return known
    cookie = request.cookies.get(SESSION_COOKIE, "")
    is_known = _SHAPE.fullmatch(cookie) is not None
    value = cookie if is_known else secrets.token_urlsafe(SESSION_BYTES)
    browser = Browser(secret=Secret(value), is_new=not is_known, form_token=options.sign(f"form:{value}"))
    request[_KEY] = browser
    return browser


def keep_session(request: web.Request, response: web.StreamResponse, options: PageOptions) -> None:
    """Send the cookie of a session that is new with this request."""
    browser = request.get(_KEY)
    if isinstance(browser, Browser) and browser.is_new and not response.prepared:
        _set(response, SESSION_COOKIE, browser.secret.reveal(), options)


def remember_link(response: web.StreamResponse, link_id: str, options: PageOptions) -> None:
    """Remember this browser's link."""
    _set(response, LINK_COOKIE, link_id, options)


def remembered_link(request: web.Request) -> str | None:
    """Give the id of this browser's link, if it has one."""
    return link_id_of(request.cookies.get(LINK_COOKIE, ""))


def link_id_of(text: str) -> str | None:
    """Read a link's id from outside; None when it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _set(response: web.StreamResponse, name: str, value: str, options: PageOptions) -> None:
    response.set_cookie(
        name,
        value,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=options.is_https,
        domain=options.cookie_domain,
    )
