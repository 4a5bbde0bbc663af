"""Problems: whatever goes wrong ends as a page in our own look that says what happened and what to do next."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import structlog
from aiohttp import web

from gateway.inbound.pages.browser import keep_session
from gateway.inbound.pages.forms import StaleFormError
from gateway.inbound.pages.parts import PageOptions
from gateway.inbound.pages.view import View
from kernel.refusals import Refusal, RefusalKind, RefusedError

RETRY_AFTER_SECONDS = 5
"""What a browser or a load balancer is told to wait when a peer is away; services restart in about three."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A page that says one thing: what happened, why, and what to do next."""

    title: str
    text: str
    link: str = "/favorites"
    link_text: str = "Back to Favorites"


FORBIDDEN_ADDRESS = Notice(
    title="This address does not open anything",
    text="It may be incomplete or too old. Use the button in the newest mail we sent you about your order.",
)
STALE_FORM = Notice(
    title="Please try that again",
    text="This form was opened in another browser, or too long ago. Nothing was changed. Cookies must be allowed.",
    link="/link",
    link_text="Open your link",
)
AWAY = Notice(
    title="Please try again in a moment",
    text="A part of our service does not answer just now. Nothing is lost: load the page again in a few seconds.",
    link="",
    link_text="Try again",
)
BROKEN = Notice(
    title="Something failed on our side",
    text="It is noted and will be looked at. Try again; if it happens once more, call the number on your card.",
)

_NOTICES: Mapping[int, Notice] = MappingProxyType(
    {
        400: Notice(title="We could not read that", text="Something in the request was not as a browser writes it."),
        404: Notice(title="There is no such page", text="The address may be mistyped, or the page is gone."),
        405: Notice(title="That is not possible here", text="This address does not take that kind of request."),
        413: Notice(title="That is too much text", text="What was sent is larger than anything this page asks for."),
        415: Notice(title="We could not read that", text="This address takes only what its own form sends."),
    }
)

_KINDS: Mapping[RefusalKind, HTTPStatus] = MappingProxyType(
    {
        RefusalKind.INVALID: HTTPStatus.BAD_REQUEST,
        RefusalKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
        RefusalKind.CONFLICT: HTTPStatus.CONFLICT,
        RefusalKind.PRECONDITION: HTTPStatus.CONFLICT,
        RefusalKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
        RefusalKind.EXHAUSTED: HTTPStatus.SERVICE_UNAVAILABLE,
        RefusalKind.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class Problems:
    """The middleware around every handler."""

    def __init__(self, view: View, options: PageOptions) -> None:
        self._view, self._options = view, options

    @web.middleware
    async def around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, or say what went wrong."""
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            response = self._of_http(request, answer)
        except StaleFormError:
            response = self.notice(request, STALE_FORM, HTTPStatus.FORBIDDEN)
        except RefusedError as refused:
            response = self.refused(request, refused.refusal)
        except Exception:  # noqa: BLE001 - the edge: logged once, and told as a page
            structlog.get_logger().exception("page_failed", route=_route(request), method=request.method)
            response = self.notice(request, BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR)
        keep_session(request, response, self._options)
        return response

    def notice(self, request: web.Request, notice: Notice, status: HTTPStatus) -> web.Response:
        """Render a notice."""
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
        return self._view.page(request, "notice.html", status=status, headers=headers, notice=notice)

    def status_of(self, refusal: Refusal) -> HTTPStatus:
        """Give the status a "no" has over HTTP."""
        return _KINDS[refusal.kind]

    def refused(self, request: web.Request, refusal: Refusal) -> web.Response:
        """Render a peer's "no" that the handler had no better words for."""
        status = self.status_of(refusal)
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            return self.notice(request, AWAY, status)
        if status is HTTPStatus.FORBIDDEN:
            return self.notice(request, FORBIDDEN_ADDRESS, status)
        return self.notice(request, Notice(title="That did not work", text=refusal.message), status)

    def _of_http(self, request: web.Request, answer: web.HTTPException) -> web.StreamResponse:
        if answer.status < HTTPStatus.BAD_REQUEST:
            return answer
        notice = _NOTICES.get(answer.status, _NOTICES[400])
        response = self.notice(request, notice, HTTPStatus(answer.status))
        if "Allow" in answer.headers:
            response.headers["Allow"] = answer.headers["Allow"]
        return response


def _route(request: web.Request) -> str:
    """Name the route without what was written into it: addresses of orders are keys."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
