"""The card page, on its own origin: one form for one browser, whose number and CVV are never shown again."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kernel.refusals import Refusal, RefusalKind
from payments.domain.billing_entry import BILLING_FIELDS
from payments.domain.card_entry import FieldErrors, read_entry
from payments.domain.card_session import CardSession, way_back
from payments.domain.pan_shapes import holds_card_number
from payments.domain.regions import COUNTRIES
from payments.usecases.enter_card import CardDesk, Visit, enter_card, open_card_page

BODY_MAX_BYTES = 8 * 1024
"""A card and an address are a few hundred bytes."""

COOKIE = "hashtill_session"
"""The session cookie of the pages; only its SHA-256 is ever compared."""

_HERE = Path(__file__).parent
_SHOWN = 120
"""Characters of a typed field shown again."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS: Mapping[RefusalKind, HTTPStatus] = MappingProxyType(
    {
        RefusalKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
        RefusalKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
        RefusalKind.PRECONDITION: HTTPStatus.GONE,
        RefusalKind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
        RefusalKind.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a form shows beside its session: fields typed before, and what is wrong with them."""

    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    alert: str = ""
    status: HTTPStatus = HTTPStatus.OK


_SAMPLE = Shown(
    typed=MappingProxyType(
        {"expiry": "12/30", "name": "Sam Sample", "line1": "200 Vesey St", "city": "New York"}
        | {"region": "NY", "postal_code": "10285", "country": "US"}
    )
)
"""What a demonstration fills in beside its test card."""


class CardPage:
    """GET and POST /card/{session}; whatever is refused is a page that says why and what to do."""

    def __init__(self, *, desk: CardDesk, return_origins: Collection[str], test_card: str = "") -> None:
        self._desk, self._return_origins, self._test_card = desk, return_origins, test_card
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )

    def application(self) -> web.Application:
        """Build the site."""
        app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/card/{session}", self._show),
                web.post("/card/{session}", self._enter),
                web.static("/static", _HERE / "static"),
            ]
        )
        return app

    async def _show(self, request: web.Request) -> web.StreamResponse:
        opened = await open_card_page(_visit(request), transactions=self._desk.transactions)
        if isinstance(opened, Refusal):
            return self._refused(opened)
        return self._form(opened[0], _SAMPLE if self._test_card else Shown(), test_card=self._test_card)

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        opened = await open_card_page(_visit(request), transactions=self._desk.transactions)
        if isinstance(opened, Refusal):
            return self._refused(opened)
        session, at = opened
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        if not hmac.compare_digest(form.get("form_token", "").encode(), session.form_token.encode()):
            return self._refused(_forged())
        return await self._entered(session, form, at=at)

    async def _entered(self, session: CardSession, form: Mapping[str, str], *, at: datetime) -> web.StreamResponse:
        entry = read_entry(form, at=at)
        if isinstance(entry, dict):
            return self._again(session, form, entry)
        outcome = await enter_card(session, entry, desk=self._desk)
        if isinstance(outcome, CardSession):
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": way_back(outcome)})
        match outcome.kind:
            case RefusalKind.INVALID:
                return self._again(session, form, {outcome.facts["field"]: outcome.message})
            case RefusalKind.BUSY:
                typed = _typed(form)
                away = Shown(typed=typed, alert=outcome.message, status=HTTPStatus.SERVICE_UNAVAILABLE)
                return self._form(session, away)
            case _:
                return self._refused(outcome)

    def _again(self, session: CardSession, form: Mapping[str, str], errors: FieldErrors) -> web.Response:
        alert = "Please check the fields marked below, and enter number and security code again."
        return self._form(
            session, Shown(typed=_typed(form), errors=errors, alert=alert, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        )

    def _form(self, session: CardSession, shown: Shown, *, test_card: str = "") -> web.Response:
        return self._page(
            "card.html",
            status=shown.status,
            session=session,
            shown=shown,
            countries=COUNTRIES,
            demonstration=bool(self._test_card),
            test_card=test_card,
        )

    def _refused(self, refusal: Refusal) -> web.Response:
        status = _STATUS.get(refusal.kind, HTTPStatus.FORBIDDEN)
        return self._page("refused.html", status=status, refusal=refusal)

    def _page(self, template: str, *, status: HTTPStatus, **words: Any) -> web.Response:
        text = self._templates.get_template(template).render(**words)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give every answer its strict headers, and let no failure show more than that it failed."""
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            answer = self._page("refused.html", status=HTTPStatus(error.status), refusal=_no_page(error.reason))
        except Exception:  # noqa: BLE001 - the edge: a bug shows nothing, and is logged once, masked
            structlog.get_logger().exception("card_page_failed")
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            answer = self._page("refused.html", status=status, refusal=_no_page("Something failed on our side"))
        answer.headers.update(self._headers())
        return answer

    def _headers(self) -> dict[str, str]:
        """Let a browser load nothing from elsewhere, frame nothing, keep nothing, and post to nobody else."""
        origins = " ".join(sorted(self._return_origins))
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
            f" form-action 'self' {origins}; frame-ancestors 'none'; base-uri 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }


def _visit(request: web.Request) -> Visit:
    cookie = request.cookies.get(COOKIE, "")
    return Visit(
        card_session_id=request.match_info["session"], browser_session=hashlib.sha256(cookie.encode()).hexdigest()
    )


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    """Give what may be shown again: never number or CVV, nor a card number typed elsewhere."""
    fields = {name: form.get(name, "")[:_SHOWN] for name in ("expiry", *BILLING_FIELDS)}
    return {name: text for name, text in fields.items() if not holds_card_number(text)}


def _forged() -> Refusal:
    return Refusal(
        kind=RefusalKind.FORBIDDEN,
        reason="FORM_NOT_OURS",
        message="This form was not opened here. Open the card page again from where you came.",
    )


def _no_page(why: str) -> Refusal:
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="NO_PAGE", message=f"{why}. Go back to where you came from.")
