"""A card is attached to a link: ask payments what it is, decide, and make the link active."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from identity.domain.card import CardFacts, refuse_ineligible
from identity.domain.contact import Cardmember
from identity.domain.events import facts_of
from identity.domain.link import EndReason, Link, activate, end, link_not_waiting, may_attach, refuse_card, same_browser
from identity.usecases.ports import Cards, Transactions, Unit
from identity.usecases.read_links import link_not_found
from kernel.failpoints import FailPoint, failpoint
from kernel.ids import CardmemberId, LinkId
from kernel.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CardToAttach:
    """Which card session belongs to which link, and which browser says so."""

    link_id: LinkId
    browser_session: str
    card_session_id: str


async def attach_card(
    wanted: CardToAttach, *, transactions: Transactions, cards: Cards, programme_country: str
) -> Link | Refusal:
    """Attach the card entered in a card session; an ineligible one is remembered on the link and refused."""
    link = await waiting_link(wanted, transactions=transactions)
    if isinstance(link, Refusal):
        return link
    card = await cards.describe(card_session_id=wanted.card_session_id, browser_session=wanted.browser_session)
    if isinstance(card, Refusal):
        return card
    refusal = refuse_ineligible(card, programme_country=programme_country)
    if refusal is None:
        return await apply_card(link, card, transactions=transactions)
    async with transactions.begin() as unit:
        await unit.links.save([refuse_card(link, refusal, at=unit.at)])
    return refusal


async def waiting_link(wanted: CardToAttach, *, transactions: Transactions) -> Link | Refusal:
    """Load the link a card is for; only the browser that started it, and only while it waits for a card."""
    async with transactions.begin() as unit:
        link = (await unit.links.by_ids([wanted.link_id])).get(wanted.link_id)
    if link is None:
        return link_not_found()
    return same_browser(link.browser_session, asked_by=wanted.browser_session) or may_attach(link) or link


async def apply_card(link: Link, card: CardFacts, *, transactions: Transactions) -> Link | Refusal:
    """Join link, card and cardmember; a link of the same account that was there before ends (it was linked anew)."""
    async with transactions.begin() as unit:
        current = await unit.links.locked(link.link_id)
        if current != link:
            return link_not_waiting("it was changed just now")
        cardmember = await unit.cardmembers.upsert(_cardmember(link, card), at=unit.at)
        former = await _end_former(link, unit=unit)
        saved = await unit.links.save([activate(link, card, cardmember.cardmember_id, at=unit.at)])
        await unit.grants.supersede(link)
        await unit.outbox.add(facts_of(*former, *saved, at=unit.at))
        failpoint(FailPoint.IDENTITY_LINK_UNCOMMITTED)
    failpoint(FailPoint.IDENTITY_LINK_COMMITTED)
    return saved[0]


async def _end_former(link: Link, *, unit: Unit) -> Sequence[Link]:
    former = await unit.links.holding([link.account])
    return await unit.links.save([end(each, reason=EndReason.RELINKED, at=unit.at) for each in former])


def _cardmember(link: Link, card: CardFacts) -> Cardmember:
    return Cardmember(
        cardmember_id=CardmemberId(uuid4()), account_reference=card.account_reference, contact=link.contact
    )
