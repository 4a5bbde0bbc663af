"""Ports: what the use cases need from the rooms outside, in domain words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from kernel.ids import CardmemberId, CardToken, MerchantId, Network, NetworkUserId, OrderId, PostId
from kernel.refusals import Refusal
from kernel.tags import ConfirmationTag, Tag
from orders.domain.change import Announcement, Change, Step
from orders.domain.charging import ChargeSeen
from orders.domain.cutoff import Watermark
from orders.domain.limits import Limits
from orders.domain.order import Order, Terms
from orders.domain.posts import Verdict
from orders.domain.purchasing import Link, PostRefused, Standing
from orders.domain.states import State

Account: TypeAlias = tuple[Network, NetworkUserId]
PostKey: TypeAlias = tuple[Network, PostId]
NewTag: TypeAlias = Callable[[], ConfirmationTag]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The orders posts may touch: by confirmation tag, by reposted reply, by author, or by the post itself."""

    tags: Sequence[Tag] = ()
    prompts: Sequence[PostKey] = ()
    prompting: Sequence[CardmemberId] = ()
    order_ids: Sequence[OrderId] = ()

    @property
    def any(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.tags or self.prompts or self.prompting or self.order_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """A step to be tried again at `next_step_at`, unless the order has moved on."""

    order: Order
    next_step_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """A step as it was written down."""

    step: Step
    at: datetime
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedVerdict:
    """A verdict and when it was decided."""

    verdict: Verdict
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders to list; what is None does not narrow."""

    cardmember_id: CardmemberId | None = None
    states: frozenset[State] = frozenset()
    network: Network | None = None
    post_id: PostId | None = None


class Orders(Protocol):
    """The orders of one transaction; what is locked stays so until its end, and is locked in the order of the ids."""

    async def lock(self, order_ids: Iterable[OrderId]) -> dict[OrderId, Order]:
        """Read and lock these."""

    async def lock_sought(self, sought: Sought) -> list[Order]:
        """Read and lock what posts may touch."""

    async def lock_of_members(self, cardmembers: Iterable[CardmemberId]) -> list[Order]:
        """Read and lock a cardmember's orders that are not final."""

    async def lock_overdue(self, states: frozenset[State], *, at: datetime, count_max: int) -> list[Order]:
        """Read and lock orders in these (TIMED) states whose limit has passed; locked ones are passed over."""

    async def lease_due(self, *, at: datetime, lease: timedelta, count_max: int) -> list[Order]:
        """Take steps that are due, pushing their next time by the lease; each take counts as an attempt."""

    async def postpone(self, postponed: Sequence[Postponed]) -> None:
        """Set when steps are tried again, without a new version; orders that moved on stay as they are."""

    async def expire(self, network: Network, *, cutoff_at: datetime, at: datetime, count_max: int) -> list[datetime]:
        """Let unconfirmed orders up to a deadline expire, in one statement, and give the ends of their windows.

        Locked ones are passed over. What expired is not told as saved: its next step is due, for whoever polls.
        """

    async def first_deadlines(self) -> dict[Network, datetime]:
        """Read when the first window ends, for each network that has orders awaiting confirmation."""

    async def lock_standings(
        self, cardmembers: Iterable[CardmemberId], *, at: datetime, limits: Limits
    ) -> dict[CardmemberId, Standing]:
        """Count cardmembers' unconfirmed orders and find their latest expiries; until the end nobody else can."""

    async def save(self, changes: Sequence[Change]) -> list[Change]:
        """Write what moved, by compare-and-set, with its story; only winners come back."""

    async def get(self, order_ids: Sequence[OrderId]) -> dict[OrderId, Order]:
        """Read these."""

    async def page(self, wanted: OrderFilter, *, after: tuple[datetime, OrderId] | None, count_max: int) -> list[Order]:
        """List orders, newest first, after a position."""

    async def shipments_due(
        self, merchant_id: MerchantId, *, after: tuple[datetime, OrderId] | None, count_max: int
    ) -> list[Order]:
        """List what a merchant may accept or must ship, oldest first, after a position."""

    async def story(self, order_id: OrderId) -> list[StoryStep]:
        """Read an order's steps, oldest first."""

    async def stale(self, *, at: datetime) -> dict[State, int]:
        """Count the orders that are in a state for more than twice its maximum age."""


class Verdicts(Protocol):
    """What posts came to, for ever."""

    async def by_posts(self, keys: Iterable[PostKey]) -> dict[PostKey, Verdict]:
        """Read the verdicts on these posts."""

    async def save(self, verdicts: Sequence[Verdict]) -> None:
        """Write verdicts; a later one on the same post replaces it."""

    async def of_order(self, order_id: OrderId) -> list[DatedVerdict]:
        """Read the verdicts on posts that touched an order."""

    async def of_post(self, network: Network, post_id: PostId) -> DatedVerdict | None:
        """Read the verdict on a post, named by its first id or by the version it was decided on."""


class Watermarks(Protocol):
    """How far each network has been read, by shard."""

    async def raise_to(self, watermarks: Sequence[Watermark]) -> None:
        """Store them; an older one than is stored changes nothing."""

    async def of(self, network: Network) -> Mapping[int, datetime]:
        """Read a network's watermarks by shard."""


class Inbox(Protocol):
    """Messages that had their effect."""

    async def add(self, consumer: str, message_ids: Iterable[str]) -> set[str]:
        """Write the ids and give those that were new."""


class Outbox(Protocol):
    """What is told."""

    async def add(self, told: Sequence[Announcement | PostRefused]) -> None:
        """Write what is told with its cause."""


class Unit(Protocol):
    """One transaction, and the database's time when it began."""

    @property
    def at(self) -> datetime:
        """The database clock."""

    @property
    def orders(self) -> Orders:
        """The orders."""

    @property
    def verdicts(self) -> Verdicts:
        """The verdicts."""

    @property
    def watermarks(self) -> Watermarks:
        """The watermarks."""

    @property
    def inbox(self) -> Inbox:
        """The inbox."""

    @property
    def outbox(self) -> Outbox:
        """The outbox."""


class Transactions(Protocol):
    """Begins units of work; what a unit saved is handed to the step runner and the watchers after its commit."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Open one transaction."""


class Links(Protocol):
    """Identity: who is linked."""

    async def of_accounts(self, accounts: Sequence[Account]) -> dict[Account, Link]:
        """Read the links of accounts, any number; raises when identity is away."""


class Stock(Protocol):
    """Offers: stock. Each answer is by order; a missing one is not known yet. Raises when offers is away."""

    async def hold(self, orders: Sequence[Order]) -> dict[OrderId, Terms | Refusal]:
        """Hold one unit for each."""

    async def commit(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        """Make holds final."""

    async def release(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        """Give units back."""


class Charges(Protocol):
    """Payments: charges. Each answer is by order; a missing one is not known yet. Raises when payments is away."""

    async def authorize(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Authorise each order's total, keyed by order and attempt."""

    async def ask(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Read each order's charge of its attempt."""

    async def capture(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Take what is authorised."""

    async def void(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Give authorizations back."""

    async def refund(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        """Give back what each order's refund asks, keyed by the refund's request id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipTo:
    """Where a parcel goes."""

    name: str
    lines: tuple[str, ...]
    city: str
    region: str
    postal_code: str
    country_code: str


class Addresses(Protocol):
    """Payments: billing addresses, which are where goods ship to."""

    async def of_cards(self, tokens: Sequence[CardToken]) -> dict[CardToken, ShipTo]:
        """Read the addresses of cards; an unknown card is missing. Raises when payments is away."""


class Backlog(Protocol):
    """A consumer, asked what it has still to read."""

    async def pending(self) -> int:
        """Count the messages that wait to be read by us, those in flight too; not 0 while that cannot be known."""


class SocialBacklog(Backlog, Protocol):
    """The consumer of posts."""

    async def certain(self, network: Network, least: datetime | None) -> datetime | None:
        """Say up to when a network is heard, given its least watermark: no post before it is in flight any more."""
