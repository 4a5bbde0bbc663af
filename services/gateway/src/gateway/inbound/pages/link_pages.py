"""Link: a cardmember allows us at the network, adds a card, sees how it stands, and can end it."""

import uuid
from http import HTTPStatus

from aiohttp import web

from gateway.inbound.pages import link_form
from gateway.inbound.pages.browser import Browser, browser_of, link_id_of, remember_link, remembered_link
from gateway.inbound.pages.forms import read_form
from gateway.inbound.pages.link_form import LinkForm, problem_of, read_link_form, with_problems
from gateway.inbound.pages.link_standing import standing_of
from gateway.inbound.pages.link_steps import LinkSteps
from gateway.inbound.pages.link_words import CARD_REASONS, DENIED, LINK_NOTICES, NETWORK_FAILED
from gateway.inbound.pages.parts import PageParts
from gateway.inbound.pages.problems import Handler, Problems
from gateway.inbound.pages.view import View
from hashtill.identity.v1.link_pb2 import Link
from kernel.refusals import Refusal, RefusalKind, RefusedError

CARD_SESSION_CHARACTERS_MAX = 100
"""What identity takes."""


class LinkPages:
    """The start, the way back from the network, the way back from the card page, and the end."""

    def __init__(self, parts: PageParts, view: View, problems: Problems) -> None:
        self._options, self._view, self._problems = parts.options, view, problems
        self._steps = LinkSteps(parts.peers, parts.options)

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses."""
        return [
            web.get("/link", self._told(self._show)),
            web.post("/link", self._told(self._start)),
            web.get("/link/callback", self._told(self._come_back)),
            web.post("/link/card", self._told(self._another_card)),
            web.get("/link/done", self._told(self._attach)),
            web.post("/link/unlink", self._told(self._unlink)),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        link = await self._remembered(request)
        return self._show_form(request, LinkForm(nonce=uuid.uuid4().hex), link)

    async def _start(self, request: web.Request) -> web.Response:
        browser = self._browser(request)
        form = read_link_form(await read_form(request, browser))
        if form.problems:
            return self._show_form(request, form, None)
        try:
            started = await self._steps.start(form, session=browser.session)
        except RefusedError as refused:
            problems = problem_of(refused.refusal)
            if problems is None:
                raise
            return self._show_form(request, with_problems(form, problems), None)
        onward = _go(started.authorize_url)
        remember_link(onward, started.link_id, self._options)
        return onward

    async def _come_back(self, request: web.Request) -> web.Response:
        if error := request.query.get("error"):
            denied = error == "access_denied"
            return self._problems.notice(request, DENIED if denied else NETWORK_FAILED, HTTPStatus.OK)
        state, code = request.query.get("state", ""), request.query.get("code", "")
        if not state or not code:
            return self._problems.notice(request, LINK_NOTICES["LINK_STATE_UNKNOWN"], HTTPStatus.BAD_REQUEST)
        browser = self._known(request)
        link = await self._steps.complete(state=state, code=code, session=browser.session)
        onward = _go(await self._steps.card_page(link.link_id, session=browser.session, wish=state))
        remember_link(onward, link.link_id, self._options)
        return onward

    async def _another_card(self, request: web.Request) -> web.Response:
        browser = self._browser(request)
        fields = await read_form(request, browser)
        link_id = link_id_of(fields.get("link", ""))
        if link_id is None:
            return self._problems.notice(request, LINK_NOTICES["LINK_NOT_FOUND"], HTTPStatus.NOT_FOUND)
        await self._steps.look(link_id, session=browser.session)
        nonce = fields.get("nonce", "")
        return _go(await self._steps.card_page(link_id, session=browser.session, wish=nonce))

    async def _attach(self, request: web.Request) -> web.Response:
        link_id = link_id_of(request.query.get("link", ""))
        card_session = request.query.get("card_session", "")
        if link_id is None:
            return self._problems.notice(request, LINK_NOTICES["LINK_NOT_FOUND"], HTTPStatus.NOT_FOUND)
        if not 0 < len(card_session) <= CARD_SESSION_CHARACTERS_MAX:
            return _go("/link")
        browser = self._known(request)
        try:
            link = await self._steps.attach(link_id, card_session, session=browser.session)
        except RefusedError as refused:
            why = CARD_REASONS.get(refused.refusal.reason)
            if why is None:
                raise
            return self._card_refused(request, link_id, why)
        done = self._view.form_page(request, "linked.html", link=link)
        remember_link(done, link.link_id, self._options)
        return done

    async def _unlink(self, request: web.Request) -> web.Response:
        browser = self._browser(request)
        fields = await read_form(request, browser)
        link_id = link_id_of(fields.get("link", ""))
        if link_id is None:
            return self._problems.notice(request, LINK_NOTICES["LINK_NOT_FOUND"], HTTPStatus.NOT_FOUND)
        await self._steps.unlink(link_id, session=browser.session)
        return _go("/link")

    def _show_form(self, request: web.Request, form: LinkForm, link: Link | None) -> web.Response:
        return self._view.form_page(
            request,
            "link.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if form.problems else HTTPStatus.OK,
            form=form,
            link=link,
            standing=standing_of(link) if link is not None else None,
            languages=link_form.LANGUAGES,
            networks=link_form.NETWORKS,
        )

    def _card_refused(self, request: web.Request, link_id: str, why: str) -> web.Response:
        return self._view.form_page(
            request,
            "card_refused.html",
            status=HTTPStatus.CONFLICT,
            link_id=link_id,
            why=why,
            nonce=uuid.uuid4().hex,
        )

    async def _remembered(self, request: web.Request) -> Link | None:
        """Read this browser's link; one it does not have (any more) is none."""
        link_id, browser = remembered_link(request), self._browser(request)
        if link_id is None or browser.is_new:
            return None
        try:
            return await self._steps.look(link_id, session=browser.session)
        except RefusedError as refused:
            if refused.refusal.kind in {RefusalKind.NOT_FOUND, RefusalKind.FORBIDDEN}:
                return None
            raise

    def _browser(self, request: web.Request) -> Browser:
        return browser_of(request, self._options)

    def _known(self, request: web.Request) -> Browser:
        """Give the browser session that a step must have been begun in."""
        browser = self._browser(request)
        if browser.is_new:
            raise RefusedError(
                Refusal(kind=RefusalKind.FORBIDDEN, reason="SESSION_MISMATCH", message="Another browser began this.")
            )
        return browser

    def _told(self, handler: Handler) -> Handler:
        """Say a "no" in the words of linking where there are some."""

        async def around(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except RefusedError as refused:
                notice = LINK_NOTICES.get(refused.refusal.reason)
                if notice is None:
                    raise
                status = self._problems.status_of(refused.refusal)
                return self._problems.notice(request, notice, status)

        return around


def _go(address: str) -> web.Response:
    """Send the browser on, to be asked by GET."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})
