"""Receive posts: purchases become orders, confirmations are decided, deletions cancel, watermarks rise."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from kernel.failpoints import FailPoint, failpoint
from kernel.ids import order_id_of
from kernel.tags import Tag
from orders.domain.cutoff import Watermark
from orders.domain.desk import Desk
from orders.domain.limits import Limits
from orders.domain.posts import Post, PostKind, Reading, read_post
from orders.domain.purchasing import Link
from orders.usecases.ports import Account, Links, Sought, Transactions, Unit
from orders.usecases.telling import told_of

CONSUMER = "orders-social"

_Read: TypeAlias = tuple[Post, Reading]


async def receive_posts(
    posts: Sequence[Post],
    watermarks: Sequence[Watermark],
    *,
    is_known: Callable[[Tag], bool],
    links: Links,
    transactions: Transactions,
    limits: Limits,
) -> None:
    """Decide a batch in stream order, in one transaction; links are asked before it."""
    read = [(post, read_post(post, is_known=is_known)) for post in posts]
    linked = await links.of_accounts(_accounts(read))
    async with transactions.begin() as unit:
        new = await unit.inbox.add(CONSUMER, [post.message_id for post in posts])
        fresh = [(post, reading) for post, reading in read if post.message_id in new]
        if fresh:
            await _decide(fresh, linked, unit=unit, limits=limits)
        await unit.watermarks.raise_to(watermarks)
        failpoint(FailPoint.ORDERS_POSTS_UNCOMMITTED)
    failpoint(FailPoint.ORDERS_POSTS_COMMITTED)


async def _decide(fresh: Sequence[_Read], linked: dict[Account, Link], *, unit: Unit, limits: Limits) -> None:
    desk = await _desk(fresh, linked, unit=unit, limits=limits)
    for post, reading in fresh:
        desk.decide(post, reading)
    saved = await unit.orders.save(desk.changes)
    await unit.verdicts.save(desk.verdicts)
    await unit.outbox.add([*told_of(saved), *desk.refused])


async def _desk(fresh: Sequence[_Read], linked: dict[Account, Link], *, unit: Unit, limits: Limits) -> Desk:
    sought = _sought(fresh, linked)
    found = await unit.orders.lock_sought(sought) if sought.any else []
    buyers = {
        link.cardmember_id
        for post, reading in fresh
        if reading.purchase_tags
        and (link := linked.get((post.network, post.author_id))) is not None
        and link.cardmember_id is not None
    }
    standings = await unit.orders.lock_standings(buyers, at=unit.at, limits=limits) if buyers else {}
    verdicts = await unit.verdicts.by_posts({(post.network, post.post_id) for post, _ in fresh})
    return Desk(orders=found, verdicts=verdicts, links=linked, standings=standings, at=unit.at, limits=limits)


def _accounts(read: Sequence[_Read]) -> list[Account]:
    """List whose links are needed: who may buy, and who reposts (to find the orders whose reply is not yet known)."""
    needed = (post for post, reading in read if reading.purchase_tags or reading.reposted)
    return list(dict.fromkeys((post.network, post.author_id) for post in needed))


def _sought(fresh: Sequence[_Read], linked: dict[Account, Link]) -> Sought:
    reposts = [(post, reading.reposted) for post, reading in fresh if reading.reposted is not None]
    reposters = [linked.get((post.network, post.author_id)) for post, _ in reposts]
    return Sought(
        tags=list(dict.fromkeys(tag for _, reading in fresh for tag in reading.confirmation_tags)),
        prompts=[(post.network, target) for post, target in reposts],
        prompting=[link.cardmember_id for link in reposters if link is not None and link.cardmember_id is not None],
        order_ids=[
            order_id_of(network=post.network, post_id=post.post_id) for post, _ in fresh if post.kind is PostKind.DELETE
        ],
    )
