"""A small world for orders' tests: peers that keep what they are told, a clock that a test moves, and the use cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Protocol
from uuid import UUID, uuid4

from services.orders.tests.peers_kept import Backlog, ChargesKept, LinksKept, StockKept, link_of

from chassis.messages import inbox_id
from kernel.ids import (
    NetworkUserId,
    OrderId,
    PostId,
    X,
    order_id_of,
)
from kernel.shards import SOCIAL_SHARDS
from kernel.tags import Tag, new_confirmation_tag
from orders.domain.cutoff import Watermark
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.posts import Post, PostKind
from orders.domain.purchasing import Link, LinkStatus
from orders.domain.states import Command
from orders.inbound.steps import Steps
from orders.usecases.follow_orders import Posted, Reply, apply_replies
from orders.usecases.pass_time import expire_orders, pass_deadlines
from orders.usecases.ports import Transactions
from orders.usecases.receive_posts import receive_posts
from orders.usecases.take_steps import Peers

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANN, BOB = NetworkUserId("1001"), NetworkUserId("1002")
TAG, OTHER_TAG = Tag("buykindle"), Tag("buycamera")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LIMITS = Limits()
UNKNOWN = OrderId(UUID(int=7))
DRAWS_SEED = 7


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
    replies: Backlog = field(default_factory=Backlog)
    window_ends: list[datetime] = field(default_factory=list)
    """Of the orders that expired."""
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

    async def pass_deadlines(self) -> bool:
        return await pass_deadlines(replies=self.replies, transactions=self.transactions, limits=self.limits)

    async def settle(self) -> None:
        while sum([await self.steps.run_once(command) for command in Command]):
            pass

    async def later(self) -> None:
        self.pass_time(minutes=1)
        await self.steps.poll_once()
        await self.settle()

    def note_expired(self, window_ends: Sequence[datetime], _at: datetime) -> None:
        self.window_ends.extend(window_ends)

    async def expire(self) -> timedelta:
        """Let what is over expire, poll for its next step, and give how long to wait for the next look."""
        wait = await expire_orders(
            backlog=self.backlog,
            transactions=self.transactions,
            limits=self.limits,
            on_expired=self.note_expired,
        )
        await self.steps.poll_once()
        return wait

    async def poll(self) -> None:
        """Take every step that is due, and what follows from it."""
        while await self.steps.poll_once():
            await self.settle()
        await self.settle()

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

    async def many_over(self, count: int) -> None:
        """Let so many orders be prompted, and their windows be over."""
        buyers = [NetworkUserId(str(20_000 + number)) for number in range(count)]
        posts = [self.post(buyer, TAG) for buyer in buyers]
        for buyer in buyers:
            self.link(buyer)
        await self.receive(*posts)
        await self.settle()
        for post in posts:
            await self.reply((await self.order(post)).order_id)
        self.pass_time(minutes=27)

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


def message_id(world: World) -> str:
    return inbox_id(name=str(uuid4()), at=world.store.at)
