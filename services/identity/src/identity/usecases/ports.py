"""Ports: what identity's use cases need of the world, as Protocols; memory and PostgreSQL keep one shared suite."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.authorization import Authorization
from identity.domain.card import CardFacts
from identity.domain.contact import Cardmember
from identity.domain.events import LinkFact
from identity.domain.link import Account, Link
from kernel.ids import CardmemberId, LinkId, Network, NetworkUserId
from kernel.refusals import Refusal
from kernel.secret import Secret

LinkAccount = tuple[Network, NetworkUserId]
"""The key a link is found by: the network and its immutable numeric user id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFilter:
    """Which links a person looks for; an empty value means any."""

    cardmember_id: CardmemberId | None = None
    network: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCursor:
    """Where the next page begins: after this link, newest first."""

    updated_at: datetime
    link_id: LinkId


class Links(Protocol):
    """The links, loaded and saved many at a time."""

    async def by_ids(self, link_ids: Sequence[LinkId]) -> Mapping[LinkId, Link]:
        """Load links by id; unknown ids are left out."""

    async def locked(self, link_id: LinkId) -> Link | None:
        """Load one link to change it, locked until the transaction ends."""

    async def by_accounts(self, accounts: Sequence[LinkAccount]) -> Mapping[LinkAccount, Link]:
        """Load the one link that speaks for each account: ACTIVE or FROZEN first, else the newest not ended."""

    async def holding(self, accounts: Sequence[LinkAccount]) -> Sequence[Link]:
        """Lock these accounts until the transaction ends, so that no other link takes one, and load who holds them."""

    async def page(self, where: LinkFilter, *, after: PageCursor | None, limit: int) -> Sequence[Link]:
        """Load one page, newest first."""

    async def add(self, link: Link) -> None:
        """Write a new link."""

    async def save(self, links: Sequence[Link]) -> Sequence[Link]:
        """Compare-and-set each on the version before; only winners come back."""


class Cardmembers(Protocol):
    """The cardmembers, one for each card account."""

    async def by_ids(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Cardmember]:
        """Load cardmembers by id; unknown ids are left out."""

    async def upsert(self, cardmember: Cardmember, *, at: datetime) -> Cardmember:
        """Write a cardmember by account reference: the id of the first stays, the contact of the last wins."""

    async def save_opt_outs(self, cardmember: Cardmember, *, at: datetime) -> None:
        """Replace what a cardmember does not want."""


class Authorizations(Protocol):
    """OAuth authorizations under way."""

    async def add(self, authorization: Authorization) -> None:
        """Write one down; the state as its hash."""

    async def take(self, state: str) -> Authorization | None:
        """Give one out for good: it is found once, and a second taker gets None."""

    async def forget_before(self, at: datetime, *, limit: int) -> int:
        """Forget the oldest that were over before then, at most so many; gives how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGrant:
    """The token that withdraws our access for one link."""

    link_id: LinkId
    network: Network
    token: Secret[str]


class Grants(Protocol):
    """Our access at a network, sealed, kept so that it can be withdrawn when the link ends."""

    async def keep(self, link_id: LinkId, token: Secret[str]) -> None:
        """Keep the token that withdraws our access."""

    async def release(self, link_ids: Sequence[LinkId], *, at: datetime) -> None:
        """Have the tokens of links that ended withdrawn."""

    async def supersede(self, link: Link) -> None:
        """Forget the tokens of the account's ended links: withdrawing them would end the access of this link too."""

    async def due(self, *, limit: int) -> Sequence[KeptGrant]:
        """Give released grants, longest released first."""

    async def drop(self, link_ids: Sequence[LinkId]) -> None:
        """Forget tokens that were withdrawn."""


class Inbox(Protocol):
    """Which messages already had their effect."""

    async def add(self, message_ids: Sequence[str], *, consumer: str) -> set[str]:
        """Note messages for a consumer; only those not noted before come back."""


class Outbox(Protocol):
    """What leaves the service, written with its cause."""

    async def add(self, facts: Sequence[LinkFact]) -> None:
        """Write facts to be told."""


class Unit(Protocol):
    """One transaction's view of identity's tables."""

    @property
    def links(self) -> Links:
        """The links."""

    @property
    def cardmembers(self) -> Cardmembers:
        """The cardmembers."""

    @property
    def authorizations(self) -> Authorizations:
        """Authorizations under way."""

    @property
    def grants(self) -> Grants:
        """Our access at the networks."""

    @property
    def inbox(self) -> Inbox:
        """Messages that had their effect."""

    @property
    def outbox(self) -> Outbox:
        """What is told."""

    @property
    def at(self) -> datetime:
        """The database's clock when the transaction began."""


class Transactions(Protocol):
    """Opens transactions; commits at the end of the block, rolls back when it raises."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Begin one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a network gave for an authorization code: who it is, and the token that withdraws our access."""

    account: Account
    token: Secret[str]


class SocialNetwork(Protocol):
    """A network's own consent and account endpoints."""

    async def redeem(self, *, code: Secret[str], verifier: Secret[str]) -> Grant | Refusal:
        """Exchange a code and read the account; CODE_REFUSED or NETWORK_UNAVAILABLE when it cannot be."""

    async def withdraw(self, token: Secret[str]) -> bool:
        """Withdraw our access; False when the network could not be asked and it must be tried again."""


class Cards(Protocol):
    """Payments, asked about a card."""

    async def describe(self, *, card_session_id: str, browser_session: str) -> CardFacts | Refusal:
        """Tell what may be known of the card entered in a session; payments' own refusals pass through."""
