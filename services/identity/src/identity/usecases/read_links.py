"""Links are read: one for a person, many for the services that must know who may buy."""

from collections.abc import Sequence

from identity.domain.link import Link, same_browser
from identity.usecases.ports import LinkAccount, LinkFilter, PageCursor, Transactions
from kernel.ids import LinkId
from kernel.refusals import Refusal, RefusalKind


async def get_link(link_id: LinkId, *, browser_session: str, transactions: Transactions) -> Link | Refusal:
    """Read one link; when a browser session is given, only for the browser that started it."""
    async with transactions.begin() as unit:
        link = (await unit.links.by_ids([link_id])).get(link_id)
    if link is None:
        return link_not_found()
    if browser_session and (refusal := same_browser(link.browser_session, asked_by=browser_session)) is not None:
        return refusal
    return link


async def batch_get_links(accounts: Sequence[LinkAccount], *, transactions: Transactions) -> list[Link | Refusal]:
    """Read the link that speaks for each account, one result each in the same order."""
    async with transactions.begin() as unit:
        links = await unit.links.by_accounts(accounts)
    return [links.get(account) or _not_linked() for account in accounts]


async def list_links(
    where: LinkFilter, *, after: PageCursor | None, limit: int, transactions: Transactions
) -> Sequence[Link]:
    """Read one page of links, newest first."""
    async with transactions.begin() as unit:
        return await unit.links.page(where, after=after, limit=limit)


def link_not_found() -> Refusal:
    """Say that there is no such link."""
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="LINK_NOT_FOUND", message="There is no such link.")


def _not_linked() -> Refusal:
    return Refusal(kind=RefusalKind.NOT_FOUND, reason="NOT_LINKED", message="This account is not linked to a card.")
