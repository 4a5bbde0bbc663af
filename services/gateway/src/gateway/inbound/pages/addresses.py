"""Signed addresses: what a page's token opens, or one refusal for whatever does not."""

from datetime import timedelta

from aiohttp import web

from gateway.inbound.pages.parts import PageParts
from kernel.page_addresses import PageGrant, PagePurpose, read_page, sign_page
from kernel.refusals import Refusal, RefusalKind, RefusedError

TOKEN_CHARACTERS_MAX = 100
"""What orders takes; ours have 50."""

VIEW_AFTER_CONFIRM = timedelta(days=1)
"""Who confirms by mail sees the order that long; the mails that follow bring longer addresses of their own."""


def read_address(request: web.Request, purpose: PagePurpose, parts: PageParts) -> PageGrant:
    """Read the address's token; a bad, forged or outdated one is refused without a hint which of them it is."""
    token = request.match_info["token"]
    grant = None
    if len(token) <= TOKEN_CHARACTERS_MAX:
        grant = read_page(token, key=parts.options.page_key, at=parts.clock())
    if grant is None or grant.purpose is not purpose:
        refusal = Refusal(
            kind=RefusalKind.FORBIDDEN, reason="PAGE_ADDRESS_INVALID", message="This address opens nothing."
        )
        raise RefusedError(refusal)
    return grant


def order_address(confirmed: PageGrant, parts: PageParts) -> str:
    """Write the address of the order's page for the one who just confirmed it by mail."""
    ends_at = parts.clock() + VIEW_AFTER_CONFIRM
    grant = PageGrant(order_id=confirmed.order_id, purpose=PagePurpose.VIEW, ends_at=ends_at)
    return f"/order/{sign_page(grant, key=parts.options.page_key)}"
