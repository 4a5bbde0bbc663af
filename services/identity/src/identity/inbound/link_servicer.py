"""Answers the RPCs that a cardmember's link goes through, from its start to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from chassis.idempotent_calls import AnswerOnce, Transactions
from chassis.idempotent_steps import AnswerKept
from chassis.timestamps import timestamp
from chassis.validation import read_text, read_uuid
from hashtill.identity.v1 import identity_service_pb2 as pb
from identity.domain.authorization import OAuthApp
from identity.domain.contact import ContactDetails
from identity.domain.link import EndReason
from identity.inbound.messages import link_message, read_browser_session
from identity.usecases.attach_card import CardToAttach, attach_card
from identity.usecases.complete_link import Return, complete_link
from identity.usecases.end_links import unlink
from identity.usecases.freeze_link import freeze_link
from identity.usecases.ports import Cards, SocialNetwork
from identity.usecases.start_link import LinkWish, start_link
from kernel.ids import LinkId, Network
from kernel.refusals import Refusal, RefusedError
from kernel.secret import Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParts:
    """What linking needs beside the database: the networks, payments, and the programme's country."""

    apps: Mapping[Network, OAuthApp]
    networks: Mapping[Network, SocialNetwork]
    cards: Cards
    programme_country: str


class LinkServicer:
    """StartLink, CompleteLink, AttachCard, FreezeLink and Unlink; every rule is in the use cases."""

    _transactions: Transactions[Any]
    _once: AnswerOnce[Any]
    _kept: AnswerKept[Any]
    _parts: LinkParts

    async def StartLink(self, request: pb.StartLinkRequest, _context: object) -> pb.StartLinkResponse:  # noqa: N802 - gRPC's name
        """Start a link."""
        wish = _read_wish(request)

        async def do(transactions: Any) -> pb.StartLinkResponse:
            started = given(await start_link(wish, transactions=transactions, apps=self._parts.apps))
            return pb.StartLinkResponse(
                link_id=str(started.link_id),
                authorize_url=started.authorize_url,
                expires_at=timestamp(started.expires_at),
            )

        return await self._once(request, pb.StartLinkResponse, do)

    async def CompleteLink(self, request: pb.CompleteLinkRequest, _context: object) -> pb.CompleteLinkResponse:  # noqa: N802 - as above
        """End the network's half of a link."""
        came_back = Return(
            state=read_text(request.state, "state", characters_max=500),
            code=Secret(read_text(request.code, "code")),
            browser_session=read_browser_session(request.browser_session),
        )

        async def do() -> pb.CompleteLinkResponse:
            link = given(await complete_link(came_back, transactions=self._transactions, networks=self._parts.networks))
            return pb.CompleteLinkResponse(link=link_message(link))

        return await self._kept(request, pb.CompleteLinkResponse, do)

    async def AttachCard(self, request: pb.AttachCardRequest, _context: object) -> pb.AttachCardResponse:  # noqa: N802 - as above
        """Attach a card to a link."""
        wanted = CardToAttach(
            link_id=LinkId(read_uuid(request.link_id, "link_id")),
            browser_session=read_browser_session(request.browser_session),
            card_session_id=read_text(request.card_session_id, "card_session_id", characters_max=100),
        )

        async def do() -> pb.AttachCardResponse:
            link = await attach_card(
                wanted,
                transactions=self._transactions,
                cards=self._parts.cards,
                programme_country=self._parts.programme_country,
            )
            return pb.AttachCardResponse(link=link_message(given(link)))

        return await self._kept(request, pb.AttachCardResponse, do)

    async def FreezeLink(self, request: pb.FreezeLinkRequest, _context: object) -> pb.FreezeLinkResponse:  # noqa: N802 - as above
        """Freeze a link."""
        link_id = LinkId(read_uuid(request.link_id, "link_id"))
        reason = read_text(request.reason, "reason", characters_max=50)

        async def do(transactions: Any) -> pb.FreezeLinkResponse:
            link = given(await freeze_link(link_id, reason=reason, transactions=transactions))
            return pb.FreezeLinkResponse(link=link_message(link))

        return await self._once(request, pb.FreezeLinkResponse, do)

    async def Unlink(self, request: pb.UnlinkRequest, _context: object) -> pb.UnlinkResponse:  # noqa: N802 - as above
        """End a link."""
        link_id = LinkId(read_uuid(request.link_id, "link_id"))
        session = read_browser_session(request.browser_session, required=False)
        reason = EndReason.CARDMEMBER if session else EndReason.OPERATOR

        async def do(transactions: Any) -> pb.UnlinkResponse:
            link = await unlink(link_id, browser_session=session, reason=reason, transactions=transactions)
            return pb.UnlinkResponse(link=link_message(given(link)))

        return await self._once(request, pb.UnlinkResponse, do)


def given(outcome: T | Refusal) -> T:
    """Give what a use case gave, or carry its refusal out of the call."""
    if isinstance(outcome, Refusal):
        raise RefusedError(outcome)
    return outcome


def _read_wish(request: pb.StartLinkRequest) -> LinkWish:
    return LinkWish(
        network=Network(read_text(request.network, "network", characters_max=50)),
        browser_session=read_browser_session(request.browser_session),
        contact=ContactDetails(
            name=request.name.strip(), email=request.email.strip(), language=request.language or "en"
        ),
        terms_version=read_text(request.terms_version, "terms_version", characters_max=50),
    )
