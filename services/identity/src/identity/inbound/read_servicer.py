"""Answers the RPCs that read links and contacts, and replace opt-outs."""

from datetime import datetime
from typing import Any

from chassis.idempotent_calls import AnswerOnce, Transactions
from chassis.refusal_status import status_of
from chassis.validation import (
    page_token,
    read_choice,
    read_each,
    read_items,
    read_page_size,
    read_page_token,
    read_text,
    read_uuid,
    refuse_field,
)
from hashtill.identity.v1 import identity_service_pb2 as pb
from identity.domain.link import Link
from identity.inbound.link_servicer import given
from identity.inbound.messages import OPT_OUTS, contact_message, link_message, read_browser_session, read_link_key
from identity.usecases.ports import LinkFilter, PageCursor
from identity.usecases.read_contacts import batch_get_contacts
from identity.usecases.read_links import batch_get_links, get_link, list_links
from identity.usecases.set_opt_outs import set_opt_outs
from kernel.ids import CardmemberId, LinkId
from kernel.refusals import Refusal


class ReadServicer:
    """GetLink, BatchGetLinks, BatchGetContacts, ListLinks and SetOptOuts; every rule is in the use cases."""

    _transactions: Transactions[Any]
    _once: AnswerOnce[Any]

    async def GetLink(self, request: pb.GetLinkRequest, _context: object) -> pb.GetLinkResponse:  # noqa: N802 - gRPC's name
        """Read one link."""
        link_id = LinkId(read_uuid(request.link_id, "link_id"))
        session = read_browser_session(request.browser_session, required=False)
        link = given(await get_link(link_id, browser_session=session, transactions=self._transactions))
        return pb.GetLinkResponse(link=link_message(link))

    async def BatchGetLinks(self, request: pb.BatchGetLinksRequest, _context: object) -> pb.BatchGetLinksResponse:  # noqa: N802 - as above
        """Read the links of many accounts."""
        asked = read_each(read_items(request.keys, "keys"), read_link_key, "keys")
        accounts = [each for each in asked if not isinstance(each, Refusal)]
        links = await batch_get_links(accounts, transactions=self._transactions)
        found = iter(links)
        outcomes = [each if isinstance(each, Refusal) else next(found) for each in asked]
        return pb.BatchGetLinksResponse(results=[_link_result(each) for each in outcomes])

    async def BatchGetContacts(  # noqa: N802 - as above
        self, request: pb.BatchGetContactsRequest, _context: object
    ) -> pb.BatchGetContactsResponse:
        """Read the contacts of many cardmembers."""
        asked = read_each(read_items(request.cardmember_ids, "cardmember_ids"), read_uuid, "cardmember_ids")
        ids = [CardmemberId(each) for each in asked if not isinstance(each, Refusal)]
        found = iter(await batch_get_contacts(ids, transactions=self._transactions))
        outcomes = [each if isinstance(each, Refusal) else next(found) for each in asked]
        results = [
            pb.ContactResult(status=status_of(each))
            if isinstance(each, Refusal)
            else pb.ContactResult(contact=contact_message(each))
            for each in outcomes
        ]
        return pb.BatchGetContactsResponse(results=results)

    async def ListLinks(self, request: pb.ListLinksRequest, _context: object) -> pb.ListLinksResponse:  # noqa: N802 - as above
        """Read one page of links."""
        limit = read_page_size(request.page_size)
        where, after = _read_filter(request), _read_cursor(request.page_token)
        links = await list_links(where, after=after, limit=limit + 1, transactions=self._transactions)
        more = _cursor_token(links[limit - 1]) if len(links) > limit else ""
        return pb.ListLinksResponse(links=[link_message(link) for link in links[:limit]], next_page_token=more)

    async def SetOptOuts(self, request: pb.SetOptOutsRequest, _context: object) -> pb.SetOptOutsResponse:  # noqa: N802 - as above
        """Replace what a cardmember does not want."""
        cardmember_id = CardmemberId(read_uuid(request.cardmember_id, "cardmember_id"))
        opt_outs = [read_choice(each, OPT_OUTS, "opt_outs") for each in request.opt_outs]

        async def do(transactions: Any) -> pb.SetOptOutsResponse:
            changed = given(await set_opt_outs(cardmember_id, opt_outs=opt_outs, transactions=transactions))
            return pb.SetOptOutsResponse(contact=contact_message(changed))

        return await self._once(request, pb.SetOptOutsResponse, do)


def _link_result(outcome: Link | Refusal) -> pb.LinkResult:
    if isinstance(outcome, Refusal):
        return pb.LinkResult(status=status_of(outcome))
    return pb.LinkResult(link=link_message(outcome))


def _read_filter(request: pb.ListLinksRequest) -> LinkFilter:
    return LinkFilter(
        cardmember_id=CardmemberId(read_uuid(request.cardmember_id, "cardmember_id"))
        if request.cardmember_id
        else None,
        network=read_text(request.network, "network", characters_max=50, required=False),
        handle=read_text(request.handle, "handle", characters_max=100, required=False).lstrip("@").lower(),
    )


def _cursor_token(link: Link) -> str:
    return page_token(link.updated_at.isoformat(), str(link.link_id))


def _read_cursor(token: str) -> PageCursor | None:
    position = read_page_token(token, parts=2)
    if position is None:
        return None
    link_id = read_uuid(position[1], "page_token")
    try:
        return PageCursor(updated_at=datetime.fromisoformat(position[0]), link_id=LinkId(link_id))
    except ValueError:
        refuse_field("page_token", "is not a token this method gave; leave it empty to start from the first page.")
