"""A link: a cardmember's card joined to an account on a network, and every way it may change."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from identity.domain.card import CardFacts
from identity.domain.contact import ContactDetails
from kernel.ids import CardmemberId, CardToken, LinkId, Network, NetworkUserId
from kernel.refusals import Refusal, RefusalKind


class LinkStatus(StrEnum):
    """How far a link is; only ACTIVE buys."""

    PENDING_AUTHORIZATION = "PENDING_AUTHORIZATION"
    PENDING_CARD = "PENDING_CARD"
    CARD_REFUSED = "CARD_REFUSED"
    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    ENDED = "ENDED"


class EndReason(StrEnum):
    """Why a link ended."""

    CARDMEMBER = "CARDMEMBER"
    NETWORK = "NETWORK"
    OPERATOR = "OPERATOR"
    RELINKED = "RELINKED"


_NO_ACCOUNT = NetworkUserId("")
"""What no network ever gives as an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who somebody is on a network, as the network itself said just now."""

    network_user_id: NetworkUserId
    handle: str
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link as it stands; a change is a new value from a verb below."""

    link_id: LinkId
    network: Network
    browser_session: str
    contact: ContactDetails
    terms_version: str
    consented_at: datetime
    updated_at: datetime
    status: LinkStatus = LinkStatus.PENDING_AUTHORIZATION
    version: int = 1
    cardmember_id: CardmemberId | None = None
    network_user_id: NetworkUserId | None = None
    handle: str = ""
    refusal_reason: str = ""
    card_token: CardToken | None = None
    card_last4: str = ""
    ship_to_country: str = ""
    ship_to_region: str = ""
    linked_at: datetime | None = None

    @property
    def account(self) -> tuple[Network, NetworkUserId]:
        """Name the account it belongs to; one not known yet is nobody's."""
        return self.network, self.network_user_id or _NO_ACCOUNT


_AWAITS_CARD = frozenset({LinkStatus.PENDING_CARD, LinkStatus.CARD_REFUSED})


def authorize(link: Link, account: Account, *, at: datetime) -> Link | Refusal:
    """Take the network's consent: the link waits for a card, unless the account is protected."""
    if account.protected:
        return _precondition("ACCOUNT_PROTECTED", "Make the account public, then link again: posts must be visible.")
    return _changed(
        link,
        at=at,
        status=LinkStatus.PENDING_CARD,
        network_user_id=account.network_user_id,
        handle=account.handle,
    )


def may_attach(link: Link) -> Refusal | None:
    """Why no card can be attached to this link now, or None when one can."""
    if link.status in _AWAITS_CARD:
        return None
    return link_not_waiting(f"it is {link.status}")


def link_not_waiting(why: str) -> Refusal:
    """Say that no card can be attached now."""
    return _precondition("LINK_NOT_WAITING", f"The link waits for no card ({why}); start a new one to attach another.")


def activate(link: Link, card: CardFacts, cardmember_id: CardmemberId, *, at: datetime) -> Link:
    """Join an eligible card to the link: from now on the account may buy."""
    return _changed(
        link,
        at=at,
        status=LinkStatus.ACTIVE,
        refusal_reason="",
        cardmember_id=cardmember_id,
        card_token=card.card_token,
        card_last4=card.last4,
        ship_to_country=card.billing_country,
        ship_to_region=card.billing_region,
        linked_at=at,
    )


def refuse_card(link: Link, refusal: Refusal, *, at: datetime) -> Link:
    """Remember why the last card was not eligible; another may be attached."""
    return _changed(link, at=at, status=LinkStatus.CARD_REFUSED, refusal_reason=refusal.reason)


def freeze(link: Link, *, reason: str, at: datetime) -> Link | Refusal:
    """Stop a link from buying until the cardmember links anew; a frozen link comes back as it is."""
    if link.status is LinkStatus.ENDED:
        return _precondition("LINK_ENDED", "The link has ended; there is nothing to freeze.")
    if link.status is LinkStatus.FROZEN:
        return link
    if link.status is not LinkStatus.ACTIVE:
        return _precondition("LINK_NOT_ACTIVE", f"The link buys nothing yet (it is {link.status}); end it instead.")
    return _changed(link, at=at, status=LinkStatus.FROZEN, refusal_reason=reason)


def end(link: Link, *, reason: EndReason, at: datetime) -> Link:
    """End a link for good; an ended link comes back as it is."""
    if link.status is LinkStatus.ENDED:
        return link
    return _changed(link, at=at, status=LinkStatus.ENDED, refusal_reason=reason.value)


def same_browser(browser_session: str, *, asked_by: str) -> Refusal | None:
    """Refuse whoever comes with another session cookie than the one the link was started with."""
    if browser_session == asked_by:
        return None
    return Refusal(
        kind=RefusalKind.FORBIDDEN,
        reason="SESSION_MISMATCH",
        message="This link was started in another browser; finish it there, or start a new one here.",
    )


def _changed(link: Link, *, at: datetime, **changes: object) -> Link:
    return replace(link, version=link.version + 1, updated_at=at, **changes)  # type: ignore[arg-type] # field by field above


def _precondition(reason: str, message: str) -> Refusal:
    return Refusal(kind=RefusalKind.PRECONDITION, reason=reason, message=message)
