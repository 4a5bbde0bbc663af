"""Identity's repositories in memory: the same contract as PostgreSQL, held by one shared suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chassis.memory import MemoryInbox, MemoryOutbox, MemoryRequests, MemoryTable, MemoryTransactions, Restorable
from identity.domain.authorization import Authorization
from identity.domain.contact import Cardmember
from identity.domain.events import LinkFact
from identity.domain.link import Link, LinkStatus
from identity.outbound.messages import message_of
from identity.usecases.ports import KeptGrant, LinkAccount, LinkFilter, PageCursor
from kernel.ids import CardmemberId, LinkId
from kernel.secret import Secret

_HOLDING = frozenset({LinkStatus.ACTIVE, LinkStatus.FROZEN})


class MemoryLinks:
    """The links in memory."""

    def __init__(self, rows: MemoryTable[LinkId, Link]) -> None:
        self._rows = rows

    async def by_ids(self, link_ids: Sequence[LinkId]) -> Mapping[LinkId, Link]:
        """Load links by id; unknown ids are left out."""
        return {link_id: self._rows[link_id] for link_id in link_ids if link_id in self._rows}

    async def locked(self, link_id: LinkId) -> Link | None:
        """Load one link to change it; one unit at a time runs here."""
        return self._rows.get(link_id)

    async def by_accounts(self, accounts: Sequence[LinkAccount]) -> Mapping[LinkAccount, Link]:
        """Load the one link that speaks for each account."""
        speaking: dict[LinkAccount, Link] = {}
        for link in sorted(self._rows.values(), key=lambda each: (each.status in _HOLDING, each.updated_at)):
            if link.status is not LinkStatus.ENDED and link.network_user_id is not None:
                speaking[link.network, link.network_user_id] = link
        return {account: speaking[account] for account in accounts if account in speaking}

    async def holding(self, accounts: Sequence[LinkAccount]) -> Sequence[Link]:
        """Load every ACTIVE or FROZEN link of these accounts."""
        asked = set(accounts)
        return [
            link
            for _, link in sorted(self._rows.items())
            if link.status in _HOLDING and (link.network, link.network_user_id) in asked
        ]

    async def page(self, where: LinkFilter, *, after: PageCursor | None, limit: int) -> Sequence[Link]:
        """Load one page, newest first."""
        newest = sorted(self._rows.values(), key=lambda link: (link.updated_at, link.link_id), reverse=True)
        return [link for link in newest if _matches(link, where) and _behind(link, after)][:limit]

    async def add(self, link: Link) -> None:
        """Write a new link."""
        self._rows[link.link_id] = link

    async def save(self, links: Sequence[Link]) -> Sequence[Link]:
        """Compare-and-set each on the version before; only winners come back."""
        won = [link for link in links if self._rows[link.link_id].version == link.version - 1]
        self._rows.update({link.link_id: link for link in won})
        return won


class MemoryCardmembers:
    """The cardmembers in memory."""

    def __init__(self, rows: MemoryTable[CardmemberId, Cardmember]) -> None:
        self._rows = rows

    async def by_ids(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Cardmember]:
        """Load cardmembers by id; unknown ids are left out."""
        return {each: self._rows[each] for each in cardmember_ids if each in self._rows}

    async def upsert(self, cardmember: Cardmember, *, at: datetime) -> Cardmember:  # noqa: ARG002 - memory keeps no times
        """Write a cardmember by account reference: the id and opt-outs of the first stay, the last contact wins."""
        of_account = (row for row in self._rows.values() if row.account_reference == cardmember.account_reference)
        known = next(of_account, cardmember)
        kept = replace(known, contact=cardmember.contact)
        self._rows[kept.cardmember_id] = kept
        return kept

    async def save_opt_outs(self, cardmember: Cardmember, *, at: datetime) -> None:  # noqa: ARG002 - as above
        """Replace what a cardmember does not want."""
        self._rows[cardmember.cardmember_id] = cardmember


class MemoryAuthorizations:
    """The authorizations under way, in memory."""

    def __init__(self, rows: MemoryTable[str, Authorization]) -> None:
        self._rows = rows

    async def add(self, authorization: Authorization) -> None:
        """Write one down."""
        self._rows[authorization.state.reveal()] = authorization

    async def take(self, state: str) -> Authorization | None:
        """Give one out for good: a second taker gets None."""
        return self._rows.pop(state, None)

    async def forget_before(self, at: datetime, *, limit: int) -> int:
        """Forget the oldest that were over before then, at most so many; gives how many."""
        over = sorted((each.expires_at, state) for state, each in self._rows.items() if each.expires_at < at)[:limit]
        for _, state in over:
            del self._rows[state]
        return len(over)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryGrant:
    """A token, and since when it is to be withdrawn."""

    token: Secret[str]
    due_since: datetime | None = None


class MemoryGrants:
    """Our access at the networks, in memory."""

    def __init__(self, rows: MemoryTable[LinkId, MemoryGrant], *, links: MemoryTable[LinkId, Link]) -> None:
        self._rows, self._links = rows, links

    async def keep(self, link_id: LinkId, token: Secret[str]) -> None:
        """Keep the token that withdraws our access."""
        self._rows[link_id] = MemoryGrant(token=token)

    async def release(self, link_ids: Sequence[LinkId], *, at: datetime) -> None:
        """Have the tokens of links that ended withdrawn."""
        self._rows.update({each: replace(self._rows[each], due_since=at) for each in link_ids if each in self._rows})

    async def supersede(self, link: Link) -> None:
        """Forget the tokens of the account's ended links."""
        kept = [self._links[link_id] for link_id in self._rows]
        former = [each for each in kept if each.account == link.account and each.status is LinkStatus.ENDED]
        await self.drop([each.link_id for each in former])

    async def due(self, *, limit: int) -> Sequence[KeptGrant]:
        """Give released grants, longest released first."""
        due = [(grant.due_since, link_id) for link_id, grant in self._rows.items() if grant.due_since is not None]
        return [
            KeptGrant(link_id=link_id, network=self._links[link_id].network, token=self._rows[link_id].token)
            for _, link_id in sorted(due)
        ][:limit]

    async def drop(self, link_ids: Sequence[LinkId]) -> None:
        """Forget tokens that were withdrawn."""
        for link_id in link_ids:
            self._rows.pop(link_id, None)


class MemoryNamedInbox:
    """The inboxes of every consumer, in memory."""

    def __init__(self, inbox: MemoryInbox) -> None:
        self._inbox = inbox

    async def add(self, message_ids: Sequence[str], *, consumer: str) -> set[str]:
        """Note messages; only those not noted before come back."""
        new = await self._inbox.add(f"{each}@{consumer}" for each in message_ids)
        return {each.removesuffix(f"@{consumer}") for each in new}


class MemoryFacts:
    """What was told, in memory."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._outbox = outbox

    async def add(self, facts: Sequence[LinkFact]) -> None:
        """Write facts to be told."""
        await self._outbox.add([message_of(fact) for fact in facts])


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUnit:
    """One transaction's repositories."""

    links: MemoryLinks
    cardmembers: MemoryCardmembers
    authorizations: MemoryAuthorizations
    grants: MemoryGrants
    inbox: MemoryNamedInbox
    outbox: MemoryFacts
    requests: MemoryRequests
    at: datetime


@dataclass(slots=True, kw_only=True)
class MemoryStore:
    """All of identity's rows, and the clock its transactions read."""

    at: datetime
    links: MemoryTable[LinkId, Link] = field(default_factory=MemoryTable)
    cardmembers: MemoryTable[CardmemberId, Cardmember] = field(default_factory=MemoryTable)
    authorizations: MemoryTable[str, Authorization] = field(default_factory=MemoryTable)
    grants: MemoryTable[LinkId, MemoryGrant] = field(default_factory=MemoryTable)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    requests: MemoryRequests = field(default_factory=MemoryRequests)

    def transactions(self) -> MemoryTransactions[MemoryUnit]:
        """Open transactions over these rows."""
        parts: list[Restorable] = [
            self.links,
            self.cardmembers,
            self.authorizations,
            self.grants,
            self.inbox,
            self.outbox,
        ]
        parts.append(self.requests)
        return MemoryTransactions(self._unit, parts=parts)

    def _unit(self) -> MemoryUnit:
        return MemoryUnit(
            links=MemoryLinks(self.links),
            cardmembers=MemoryCardmembers(self.cardmembers),
            authorizations=MemoryAuthorizations(self.authorizations),
            grants=MemoryGrants(self.grants, links=self.links),
            inbox=MemoryNamedInbox(self.inbox),
            outbox=MemoryFacts(self.outbox),
            requests=self.requests,
            at=self.at,
        )


def _matches(link: Link, where: LinkFilter) -> bool:
    return (
        where.cardmember_id in {None, link.cardmember_id}
        and where.network in {"", link.network}
        and where.handle in {"", link.handle.lower()}
    )


def _behind(link: Link, after: PageCursor | None) -> bool:
    return after is None or (link.updated_at, link.link_id) < (after.updated_at, after.link_id)
