"""The view: templates filled with values, every one escaped."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.inbound.pages import spans
from gateway.inbound.pages.assets import Assets
from gateway.inbound.pages.browser import browser_of
from gateway.inbound.pages.parts import PageParts
from hashtill.common.v1 import money_pb2
from kernel.money import Money


class View:
    """Renders whole pages and the parts of them that change while they are open."""

    def __init__(self, parts: PageParts, *, assets: Assets) -> None:
        self._parts = parts
        self._jinja = Environment(
            loader=PackageLoader("gateway.inbound.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(program=parts.options, asset=assets.address)
        self._jinja.filters.update(money=show_money, left=spans.left, moment=spans.moment, stamp=spans.stamp)

    def page(
        self,
        request: web.Request,
        template: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> web.Response:
        """Render a page for one request."""
        text = self.part(template, path=request.path, **facts)
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)

    def form_page(self, request: web.Request, template: str, **facts: Any) -> web.Response:
        """Render a page that holds a form, bound to this browser's session."""
        browser = browser_of(request, self._parts.options)
        return self.page(request, template, form_token=browser.form_token, **facts)

    def part(self, template: str, **facts: Any) -> str:
        """Render a template by itself."""
        return self._jinja.get_template(template).render(now=self._parts.clock(), **facts)


def show_money(amount: money_pb2.Money) -> str:
    """Write an amount as people do."""
    return str(Money(amount_minor=amount.amount_minor, currency_code=amount.currency_code))
