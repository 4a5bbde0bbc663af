"""A small world for orders' tests: peers that keep what they are told, a clock that a test moves, and the use cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

from chassis.messages import inbox_id
from kernel.ids import (
    CardmemberId,
    CardToken,
    ChargeId,
    LinkId,
    MerchantId,
    NetworkUserId,
    OfferId,
    OrderId,
    PostId,
    X,
    order_id_of,
)
from kernel.money import Money
from kernel.refusals import Refusal, RefusalKind
from kernel.shards import SOCIAL_SHARDS
from kernel.tags import Tag, new_confirmation_tag
from orders.domain.charging import ChargeSeen, ChargeState
from orders.domain.cutoff import Watermark
from orders.domain.limits import Limits
from orders.domain.order import Order, Terms
from orders.domain.posts import Post, PostKind
from orders.domain.purchasing import NOT_LINKED, Link, LinkStatus
from orders.domain.states import Command
from orders.inbound.steps import Steps
from orders.usecases.follow_orders import Posted, Reply, apply_replies
from orders.usecases.ports import Account, ShipTo, Transactions
from orders.usecases.receive_posts import receive_posts
from orders.usecases.take_steps import Peers

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN, BOB = NetworkUserId("1001"), NetworkUserId("1002")
TAG, OTHER_TAG = Tag("buykindle"), Tag("buycamera")
ACME = MerchantId("acme-electronics")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LIMITS = Limits()
UNKNOWN = OrderId(UUID(int=7))
DRAWS_SEED = 7


class Peer:
    """A peer that can be away, or answer only by its events."""

    def __init__(self) -> None:
        self.away = False
        self.calls: list[str] = []

    def called(self, name: str) -> None:
        self.calls.append(name)
        if self.away:
            raise ConnectionError("away")


class LinksKept(Peer):
    def __init__(self) -> None:
        super().__init__()
        self.links: dict[Account, Link] = {}

    async def of_accounts(self, accounts: Sequence[Account]) -> dict[Account, Link]:
        self.called("of_accounts")
        return {account: self.links.get(account, NOT_LINKED) for account in accounts}


class StockKept(Peer):
    """Offers with units; a hold is HELD, COMMITTED or RELEASED."""

    def __init__(self) -> None:
        super().__init__()
        self.units, self.digital = 1_000_000, False
        self.holds: dict[OrderId, str] = {}
        self.answers_nothing = False

    async def hold(self, orders: Sequence[Order]) -> dict[OrderId, Terms | Refusal]:
        self.called("hold")
        return {} if self.answers_nothing else {order.order_id: self._hold(order) for order in orders}

    async def commit(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        self.called("commit")
        return {order.order_id: self._commit(order) for order in orders}

    async def release(self, orders: Sequence[Order]) -> dict[OrderId, Refusal | None]:
        self.called("release")
        for order in orders:
            self.units += self.holds.get(order.order_id, "RELEASED") != "RELEASED"
            self.holds[order.order_id] = "RELEASED"
        return {order.order_id: None for order in orders}

    def _hold(self, order: Order) -> Terms | Refusal:
        if order.order_id not in self.holds:
            if self.units == 0:
                return no("SOLD_OUT")
            self.units -= 1
            self.holds[order.order_id] = "HELD"
        return terms(digital=self.digital) if self.holds[order.order_id] == "HELD" else no("HOLD_RELEASED")

    def _commit(self, order: Order) -> Refusal | None:
        if self.holds[order.order_id] == "RELEASED":
            return no("HOLD_LAPSED")
        self.holds[order.order_id] = "COMMITTED"
        return None


class ChargesKept(Peer):
    """Payments; `says` scripts the state the next authorization of an order answers with."""

    def __init__(self) -> None:
        super().__init__()
        self.charges: dict[tuple[OrderId, int], ChargeSeen] = {}
        self.authorizes_as = ChargeState.AUTHORIZED
        self.captures_as = self.after_capture = ChargeState.CAPTURED
        self.refusal: Refusal | None = None
        self.loses_answers = False

    async def authorize(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("authorize")
        return {order.order_id: self._authorize(order) for order in orders}

    async def ask(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("ask")
        return {order.order_id: self.charges.get(_key(order), no("CHARGE_NOT_FOUND")) for order in orders}

    async def capture(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("capture")
        return {order.order_id: self._capture(order) for order in orders}

    async def void(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("void")
        return {order.order_id: self.refusal or self.set(order, ChargeState.VOIDED) for order in orders}

    async def refund(self, orders: Sequence[Order]) -> dict[OrderId, ChargeSeen | Refusal]:
        self.called("refund")
        return {order.order_id: self.refusal or self._refund(order) for order in orders}

    def set(self, order: Order, state: ChargeState) -> ChargeSeen:
        seen = self.charges[_key(order)] = replace(self.charges[_key(order)], state=state)
        return seen

    def live(self, order_id: OrderId) -> int:
        live = {ChargeState.AUTHORIZED, ChargeState.CAPTURED}
        return sum(seen.state in live for (of_order, _), seen in self.charges.items() if of_order == order_id)

    def _authorize(self, order: Order) -> ChargeSeen | Refusal:
        if self.refusal is not None:
            return self.refusal
        seen = self.charges.setdefault(_key(order), _charge(order, self.authorizes_as))
        return replace(seen, state=ChargeState.PENDING) if self.loses_answers else seen

    def _capture(self, order: Order) -> ChargeSeen | Refusal:
        if self.charges[_key(order)].state is not ChargeState.AUTHORIZED:
            return no("CHARGE_NOT_AUTHORIZED")
        captured, self.captures_as = self.set(order, self.captures_as), self.after_capture
        return captured

    def _refund(self, order: Order) -> ChargeSeen:
        given = order.refund.refunded_minor + order.refund.asked_minor
        seen = self.charges[_key(order)] = replace(self.charges[_key(order)], refunded_minor=given)
        return seen


class AddressesKept:
    async def of_cards(self, tokens: Sequence[CardToken]) -> dict[CardToken, ShipTo]:
        return dict.fromkeys(tokens, SHIP_TO)


class Backlog:
    def __init__(self) -> None:
        self.waiting = 0

    async def pending(self) -> int:
        return self.waiting


class Store(Protocol):
    """What a world asks of its store: both stores have it."""

    at: datetime

    async def order(self, order_id: OrderId) -> Order: ...
    async def events(self) -> list[Any]: ...


@dataclass
class World:
    """Everything around orders; `settle` runs steps until none waits in memory."""

    store: Store
    transactions: Transactions
    links: LinksKept = field(default_factory=LinksKept)
    stock: StockKept = field(default_factory=StockKept)
    charges: ChargesKept = field(default_factory=ChargesKept)
    backlog: Backlog = field(default_factory=Backlog)
    limits: Limits = LIMITS
    known: set[Tag] = field(default_factory=lambda: {TAG, OTHER_TAG})

    def __post_init__(self) -> None:
        self._ids, self._draws = count(1), Random(DRAWS_SEED)  # noqa: S311 - a test draws the same each time
        self.link(ANN)
        self.link(BOB)
        self.peers = Peers(
            links=self.links,
            stock=self.stock,
            charges=self.charges,
            new_tag=lambda: new_confirmation_tag(self._draws.randrange),
        )
        self.steps = Steps(peers=self.peers, transactions=self.transactions, limits=self.limits)

    def link(self, author: NetworkUserId, status: LinkStatus = LinkStatus.ACTIVE, *, why: str = "") -> Link:
        link = self.links.links[X, author] = replace(link_of(author), status=status, refusal_reason=why)
        return link

    def post(self, author: NetworkUserId = ANN, *tags: str, **given: Any) -> Post:
        number = next(self._ids)
        post_id = PostId(str(5_000 + number))
        plain = Post(
            message_id=inbox_id(name=f"m{number}", at=self.store.at),
            network=X,
            post_id=post_id,
            version_id=post_id,
            author_id=author,
            author_handle=f"user{author}",
            author_protected=False,
            posted_at=self.store.at,
            kind=PostKind.POST,
            target_post_id=None,
            tags=tuple(Tag(tag) for tag in tags),
            language="en",
            traceparent=TRACE,
        )
        return replace(plain, **given)

    async def receive(self, *posts: Post, watermarks: Sequence[Watermark] = ()) -> None:
        await receive_posts(
            posts,
            watermarks,
            is_known=self.known.__contains__,
            links=self.links,
            transactions=self.transactions,
            limits=self.limits,
        )

    async def hear(self, at: datetime) -> None:
        await self.receive(watermarks=[Watermark(network=X, shard=shard, at=at) for shard in range(SOCIAL_SHARDS)])

    async def settle(self) -> None:
        while sum([await self.steps.run_once(command) for command in Command]):
            pass

    async def reply(self, order_id: OrderId, *, at: datetime | None = None, post_id: str = "") -> str:
        number = next(self._ids)
        posted = Posted(post_id=PostId(post_id or f"9{number}"), at=at or self.store.at)
        message_id = inbox_id(name=f"r{number}", at=self.store.at)
        reply = Reply(message_id=message_id, order_id=order_id, posted=posted)
        await apply_replies([reply], transactions=self.transactions, limits=self.limits)
        return posted.post_id

    async def held(self, author: NetworkUserId = ANN) -> Order:
        post = self.post(author, TAG)
        await self.receive(post)
        await self.settle()
        return await self.order(post)

    async def prompted(self, author: NetworkUserId = ANN) -> Order:
        order = await self.held(author)
        await self.reply(order.order_id)
        return await self.store.order(order.order_id)

    async def authorized(self, author: NetworkUserId = ANN) -> Order:
        order = await self.prompted(author)
        await self.receive(self.post(author, order.confirmation_tag or ""))
        await self.settle()
        return await self.store.order(order.order_id)

    async def order(self, post: Post) -> Order:
        return await self.store.order(order_id_of(network=post.network, post_id=post.post_id))

    async def again(self, order: Order) -> Order:
        return await self.store.order(order.order_id)

    async def told(self) -> list[str]:
        return [type(event).__name__ for event in await self.store.events()]

    def pass_time(self, **by: float) -> None:
        self.store.at += timedelta(**by)


def usd(minor: int) -> Money:
    return Money(amount_minor=minor, currency_code="USD")


def terms(*, digital: bool = False) -> Terms:
    return Terms(
        offer_id=OfferId("kindle-fire-hd"),
        merchant_id=ACME,
        merchant_name="Acme Electronics",
        title="Kindle Fire HD",
        price=usd(14_999),
        tax=usd(1_331),
        shipping=usd(0),
        total=usd(16_330),
        digital=digital,
    )


def link_of(author: NetworkUserId) -> Link:
    return Link(
        status=LinkStatus.ACTIVE,
        link_id=LinkId(uuid5(UUID(int=1), author)),
        cardmember_id=CardmemberId(uuid5(UUID(int=2), author)),
        card_token=CardToken(f"tok_{author}"),
        ship_to_country="US",
        ship_to_region="NY",
        language="en",
    )


def no(reason: str) -> Refusal:
    return Refusal(kind=RefusalKind.PRECONDITION, reason=reason, message=f"No: {reason}.")


def message_id(world: World) -> str:
    return inbox_id(name=str(uuid4()), at=world.store.at)


SHIP_TO = ShipTo(
    name="Ann Example",
    lines=("200 Vesey Street",),
    city="New York",
    region="NY",
    postal_code="10285",
    country_code="US",
)


def _key(order: Order) -> tuple[OrderId, int]:
    return order.order_id, order.charge.attempt


def _charge(order: Order, state: ChargeState) -> ChargeSeen:
    charge_id = ChargeId(uuid5(order.order_id, str(order.charge.attempt)))
    declined = state is ChargeState.DECLINED
    return ChargeSeen(
        charge_id=charge_id,
        attempt=order.charge.attempt,
        state=state,
        card_last4="1006",
        decline_code="insufficient_funds" if declined else "",
    )
