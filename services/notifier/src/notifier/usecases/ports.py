"""Ports: what the notifier's use cases need of the world, as Protocols; memory and PostgreSQL keep one shared suite."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from kernel.ids import CardmemberId, Network, OrderId, PostId
from notifier.domain.delivery import Channel, Delivery, DeliveryId, DeliveryState, Urgency
from notifier.domain.events import DeliveryFact
from notifier.domain.planning import RefusalKey
from notifier.domain.quota import Quota

Patiently: TypeAlias = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
"""Does a step, again while the database is away: what was sent is known here alone until it is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A delivery to be sent now; `unknown_since` is when an earlier try began whose outcome nobody knows."""

    delivery: Delivery
    unknown_since: datetime | None

    @property
    def is_unheard(self) -> bool:
        """Tell whether its sender began and wrote nothing since: it died, or still waits for the network."""
        return self.unknown_since is not None and not self.delivery.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries a person looks for; an empty value means any."""

    order_id: OrderId | None = None
    states: frozenset[DeliveryState] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCursor:
    """Where the next page begins: after this delivery, newest first."""

    created_at: datetime
    delivery_id: DeliveryId


class Deliveries(Protocol):
    """The deliveries, loaded and saved many at a time."""

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Write new ones; one that is there already stays as it is."""

    async def lease(self, channels: Sequence[Channel], *, limit: int, lease_time: timedelta) -> Sequence[Leased]:
        """Take the most urgent due ones for sending, each for one taker, until the lease runs out.

        `channels`: mails, or posts and replies; never both, for they wait in two queues. A post that is in no doubt
        counts as NOT_TRIED until it is begun; to take a mail is to try it.
        """

    async def begin(self, leased: Sequence[Leased], *, lease_time: timedelta) -> Sequence[Leased]:
        """Note that these posts are tried from now on, leased for so long; only those come back that nobody else took.

        Until an outcome is saved, whoever takes them over finds them unheard.
        """

    async def keep(self, leased: Sequence[Leased], *, lease_time: timedelta) -> None:
        """Let the leases of those that are still leased as they were run from now on, and none end sooner.

        A post whose outcome was written as unknown is still leased as it was, and rests for longer.
        """

    async def count_sending(self, channels: Sequence[Channel]) -> int:
        """Count those that are leased, by whomever: what they spend is not known yet."""

    async def undelivered(self, since: Mapping[Urgency, datetime]) -> Mapping[Urgency, int]:
        """Count those made before the given moments and neither sent nor given up."""

    async def save(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Write the outcomes of leased ones; only those still leased as they were come back."""

    async def page(self, where: DeliveryFilter, *, after: PageCursor | None, limit: int) -> Sequence[Delivery]:
        """Load one page, newest first."""


class Refusals(Protocol):
    """Which refusals were answered: one an author, reason and day."""

    async def first_today(self, keys: Sequence[RefusalKey]) -> set[RefusalKey]:
        """Note refusals; only those not noted before come back."""

    async def spent_since(self, at: datetime) -> int:
        """Count the refusals replied to since then."""


class Quotas(Protocol):
    """What the networks left of our quota, as their last answers said."""

    async def read(self, network: Network) -> Quota | None:
        """Read what is known; None before the first answer."""

    async def write(self, network: Network, quota: Quota) -> None:
        """Keep the newest answer."""


class Inbox(Protocol):
    """Which messages already had their effect."""

    async def add(self, message_ids: Sequence[str], *, consumer: str) -> set[str]:
        """Note messages for a consumer; only those not noted before come back."""


class Outbox(Protocol):
    """What leaves the service, written with its cause."""

    async def add(self, facts: Sequence[DeliveryFact]) -> None:
        """Write facts to be told."""


class Unit(Protocol):
    """One transaction's view of the notifier's tables."""

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries."""

    @property
    def refusals(self) -> Refusals:
        """Which refusals were answered."""

    @property
    def quotas(self) -> Quotas:
        """What is left of our quotas."""

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
class Posted:
    """The network took a post."""

    post_id: PostId
    posted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPosted:
    """The network did not take a post: for good (with a reason), until a time, or nobody knows (`unknown`)."""

    reason: str
    for_good: bool = False
    unknown: bool = False
    until: datetime | None = None


DUPLICATE_TEXT = "DUPLICATE_TEXT"
"""The reason of a network that has taken this very text before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAnswer:
    """What became of a post, and what the network says is left of our quota."""

    outcome: Posted | NotPosted
    quota: Quota | None = None


class SocialPosts(Protocol):
    """A network's posting side, as the program account."""

    async def post(self, text: str, *, in_reply_to: PostId | None) -> PostAnswer:
        """Post or reply."""

    async def find(self, text: str, *, in_reply_to: PostId | None, since: datetime) -> Posted | NotPosted:
        """Look for our own earliest post with this text and answer since then; NotPosted unless it was found."""


NOT_WRITTEN = "NOT_WRITTEN"
"""A delivery's words cannot be written: it fails alone, and not for good, for templates are mended."""


class Composer(Protocol):
    """Turns a delivery into the words that are sent; None when they cannot be written, which it has told operators."""

    def post(self, delivery: Delivery) -> str | None:
        """Write a post or reply: at most 280 by X's count."""

    def mail(self, delivery: Delivery, contact: "Recipient") -> "Mail | None":
        """Write a mail to a recipient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a mail goes to, as identity says at the moment of sending."""

    cardmember_id: CardmemberId
    name: str
    email: str
    language: str
    no_receipt_replies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail ready to travel: the address, the stable Message-ID, the whole message, and the trace it belongs to."""

    to: str
    message_id: str
    content: bytes
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMailed:
    """The mail server did not take a mail."""

    reason: str
    for_good: bool


class Mailer(Protocol):
    """The mail server."""

    async def send(self, mails: Sequence[Mail]) -> Sequence[NotMailed | None]:
        """Hand mails over; one outcome each in the same order, None when it was taken."""


class Contacts(Protocol):
    """Identity, asked how to reach people."""

    async def of(self, cardmember_ids: Sequence[CardmemberId]) -> Mapping[CardmemberId, Recipient]:
        """Read contacts; unknown ones are left out. Raises when identity does not answer."""


class Orders(Protocol):
    """Orders, asked whether a prompt is still wanted."""

    async def still_prompting(self, order_ids: Sequence[OrderId]) -> set[OrderId]:
        """Give those that still wait for our reply. Raises when orders does not answer."""
