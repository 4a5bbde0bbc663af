"""Linking, asked of identity and payments: each step is asked for once, however often its page is loaded."""

from urllib.parse import urlencode

from gateway.inbound.pages.link_form import LinkForm
from gateway.inbound.pages.parts import PageOptions
from gateway.outbound.peers import Peers, answered, once
from hashtill.identity.v1 import identity_service_pb2 as pb
from hashtill.identity.v1.link_pb2 import Link
from hashtill.payments.v1 import payments_service_pb2 as payments_pb

NETWORK_CALL_SECONDS = 10.0
"""Identity exchanges the code with the network inside this call, and reads the account."""

CARD_CALL_SECONDS = 6.0
"""Identity asks payments inside this call."""


class LinkSteps:
    """One browser's link, step by step."""

    def __init__(self, peers: Peers, options: PageOptions) -> None:
        self._identity, self._payments, self._options = peers.identity, peers.payments, options

    async def start(self, form: LinkForm, *, session: str) -> pb.StartLinkResponse:
        """Begin; the same form sent twice begins once."""
        words = (form.network, form.name, form.email, form.language)
        request = pb.StartLinkRequest(
            context=once("start-link", session, form.nonce, self._options.terms_version, *words),
            network=form.network,
            browser_session=session,
            name=form.name,
            email=form.email,
            language=form.language,
            terms_version=self._options.terms_version,
        )
        return await answered(self._identity.StartLink(request))

    async def complete(self, *, state: str, code: str, session: str) -> Link:
        """End the network's half; the page it came back to may be loaded again."""
        request = pb.CompleteLinkRequest(
            context=once("complete-link", session, state, code), browser_session=session, state=state, code=code
        )
        answer = await answered(self._identity.CompleteLink(request, timeout=NETWORK_CALL_SECONDS))
        return answer.link

    async def card_page(self, link_id: str, *, session: str, wish: str) -> str:
        """Open a card session and give the card page's address; `wish` tells one press of a button from the next."""
        back = f"{self._options.base_url}/link/done?{urlencode({'link': link_id})}"
        request = payments_pb.StartCardSessionRequest(
            context=once("start-card", session, link_id, wish), browser_session=session, return_url=back
        )
        return (await answered(self._payments.StartCardSession(request))).page_url

    async def attach(self, link_id: str, card_session: str, *, session: str) -> Link:
        """Attach the card that was entered."""
        request = pb.AttachCardRequest(
            context=once("attach-card", session, link_id, card_session),
            link_id=link_id,
            browser_session=session,
            card_session_id=card_session,
        )
        return (await answered(self._identity.AttachCard(request, timeout=CARD_CALL_SECONDS))).link

    async def look(self, link_id: str, *, session: str) -> Link:
        """Read this browser's link."""
        request = pb.GetLinkRequest(link_id=link_id, browser_session=session)
        return (await answered(self._identity.GetLink(request))).link

    async def unlink(self, link_id: str, *, session: str) -> Link:
        """End it for good."""
        request = pb.UnlinkRequest(context=once("unlink", session, link_id), link_id=link_id, browser_session=session)
        return (await answered(self._identity.Unlink(request, timeout=CARD_CALL_SECONDS))).link
