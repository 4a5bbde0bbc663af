"""Order: its page behind a signed address, with what can be done, kept up to date while it is open."""

import asyncio
import contextlib
from http import HTTPStatus

from aiohttp import web
from grpc import aio

from gateway.inbound.pages.addresses import order_address, read_address
from gateway.inbound.pages.browser import browser_of
from gateway.inbound.pages.forms import read_form
from gateway.inbound.pages.live import LiveStream, Seats, serve_live
from gateway.inbound.pages.order_calls import CARDMEMBER, NOT_ME, OrderCalls
from gateway.inbound.pages.parts import PageParts
from gateway.inbound.pages.problems import Handler, Notice, Problems
from gateway.inbound.pages.view import View
from kernel.ids import OrderId
from kernel.page_addresses import PageGrant, PagePurpose
from kernel.refusals import RefusedError

REFUSALS = {
    "TOO_LATE": Notice(
        title="Too late, but nothing is lost",
        text="The time to confirm this order is over. Nothing was charged. If you still want it, post its tag again.",
    ),
    "ORDER_OVER": Notice(
        title="This order is over",
        text="There is nothing left to do with it. If you still want the thing, post its tag again.",
    ),
    "LINK_NOT_ACTIVE": Notice(
        title="Your card is not synced any more",
        text="The order cannot be confirmed without it. Nothing was charged.",
        link="/link",
        link_text="See your sync",
    ),
    "ALREADY_SHIPPING": Notice(
        title="It is with the merchant already",
        text="The order can no longer be cancelled. When it arrives, ask the merchant for a return.",
    ),
}
"""What orders says to a button, in a cardmember's words."""


class OrderPages:
    """VIEW, CONFIRM and DISOWN addresses; one purpose never opens another."""

    def __init__(self, parts: PageParts, view: View, problems: Problems) -> None:
        self._parts, self._view, self._problems = parts, view, problems
        self._orders, self._seats = OrderCalls(parts.peers), Seats()

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the addresses; what changes an order is only ever a POST, for mail scanners open every address."""
        return [
            web.get("/order/{token}", self._show),
            web.get("/order/{token}/events", self._events, allow_head=False),
            web.post("/order/{token}/confirm", self._told(self._confirm_here)),
            web.post("/order/{token}/cancel", self._told(self._cancel)),
            web.get("/order/{token}/not-me", self._ask_not_me),
            web.post("/order/{token}/not-me", self._told(self._not_me)),
            web.get("/confirm/{token}", self._ask_confirm),
            web.post("/confirm/{token}", self._told(self._confirm)),
            web.get("/not-me/{token}", self._ask_disown),
            web.post("/not-me/{token}", self._told(self._disown)),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        grant = read_address(request, PagePurpose.VIEW, self._parts)
        return self._view.form_page(
            request, "order.html", story=await self._orders.story(grant.order_id), address=request.path
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        grant = read_address(request, PagePurpose.VIEW, self._parts)
        form_token = browser_of(request, self._parts.options).form_token
        address = request.path.removesuffix("/events")

        async def follow(stream: LiveStream) -> None:
            changed = asyncio.Event()
            watching = asyncio.create_task(self._note_changes(grant.order_id, changed))
            try:
                while not stream.is_over and not watching.done():
                    await stream.wait(changed)
                    if not changed.is_set():
                        continue
                    changed.clear()
                    story = await self._orders.story(grant.order_id)
                    html = self._view.part("_order.html", story=story, address=address, form_token=form_token)
                    await stream.send("part", html)
                    if story.is_final:
                        await stream.send("end")
                        return
            finally:
                watching.cancel()

        with self._seats.one():
            return await serve_live(request, self._parts.stopping, follow)

    async def _note_changes(self, order_id: OrderId, changed: asyncio.Event) -> None:
        with contextlib.suppress(aio.AioRpcError):
            async for _ in self._orders.changes(order_id):
                changed.set()

    async def _confirm_here(self, request: web.Request) -> web.Response:
        await self._posted(request, PagePurpose.VIEW)
        await self._orders.confirm(request.match_info["token"])
        return _see(request.path.removesuffix("/confirm"))

    async def _cancel(self, request: web.Request) -> web.Response:
        await self._posted(request, PagePurpose.VIEW)
        await self._orders.take_back(request.match_info["token"], CARDMEMBER)
        return _see(request.path.removesuffix("/cancel"))

    async def _ask_not_me(self, request: web.Request) -> web.Response:
        read_address(request, PagePurpose.VIEW, self._parts)
        return self._view.form_page(request, "not_me.html", back=request.path.removesuffix("/not-me"))

    async def _not_me(self, request: web.Request) -> web.Response:
        await self._posted(request, PagePurpose.VIEW)
        await self._orders.take_back(request.match_info["token"], NOT_ME)
        return self._view.page(request, "disowned.html")

    async def _ask_confirm(self, request: web.Request) -> web.Response:
        grant = read_address(request, PagePurpose.CONFIRM, self._parts)
        story = await self._orders.story(grant.order_id)
        return self._view.form_page(request, "confirm.html", story=story)

    async def _confirm(self, request: web.Request) -> web.Response:
        grant = await self._posted(request, PagePurpose.CONFIRM)
        await self._orders.confirm(request.match_info["token"])
        return _see(order_address(grant, self._parts))

    async def _ask_disown(self, request: web.Request) -> web.Response:
        read_address(request, PagePurpose.DISOWN, self._parts)
        return self._view.form_page(request, "not_me.html", back="")

    async def _disown(self, request: web.Request) -> web.Response:
        await self._posted(request, PagePurpose.DISOWN)
        await self._orders.take_back(request.match_info["token"], NOT_ME)
        return self._view.page(request, "disowned.html")

    async def _posted(self, request: web.Request, purpose: PagePurpose) -> PageGrant:
        """Let through only this browser's own form, on an address of this purpose."""
        grant = read_address(request, purpose, self._parts)
        await read_form(request, browser_of(request, self._parts.options))
        return grant

    def _told(self, handler: Handler) -> Handler:
        """Say a "no" to a button in a cardmember's words."""

        async def around(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except RefusedError as refused:
                notice = REFUSALS.get(refused.refusal.reason)
                if notice is None:
                    raise
                return self._problems.notice(request, notice, HTTPStatus.CONFLICT)

        return around


def _see(address: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})
