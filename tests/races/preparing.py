"""Preparing a race: orders are posted, held and asked about, each with its window ending within the same moments."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.orders.tests.orders_world import TAG
from tests.races.drawing import Draw, Raced
from tests.races.ground import Ground

from kernel.ids import NetworkUserId, OrderId, PostId, X, order_id_of
from kernel.snowflakes import time_of_snowflake
from orders.domain.order import Order
from orders.usecases.follow_orders import Posted, Reply, apply_replies

BATCH = 200
SPREAD = timedelta(seconds=1)
"""All windows of a race end within this."""


async def prepare(ground: Ground, draw: Draw, *, count: int, first_author: int) -> dict[OrderId, tuple[Raced, Order]]:
    """Bring orders to where a race begins; a few still wait for our reply's event."""
    prepared: dict[OrderId, tuple[Raced, Order]] = {}
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        authors = [NetworkUserId(str(first_author + start + number)) for number in range(size)]
        prepared |= await _prepare(ground, draw, authors)
    return prepared


def reply_of(race: Raced) -> Reply:
    """Write our reply's event; its copies have one message id."""
    at = time_of_snowflake(int(race.prompt_id))
    name = f"{at:%Y%m%d}-reply-{race.prompt_id}"
    return Reply(message_id=name, order_id=race.order_id, posted=Posted(post_id=race.prompt_id, at=at))


async def _prepare(ground: Ground, draw: Draw, authors: Sequence[NetworkUserId]) -> dict[OrderId, tuple[Raced, Order]]:
    world = ground.world
    for author in authors:
        world.link(author)
    posts = [world.post(author, TAG) for author in authors]
    await world.receive(*posts)
    await world.settle()
    ids = [order_id_of(network=X, post_id=post.post_id) for post in posts]
    async with world.transactions.begin() as unit:
        orders = await unit.orders.get(ids)
    raced = {order_id: (_raced(orders[order_id], draw, now=ground.store.at), orders[order_id]) for order_id in ids}
    prompted = [reply_of(race) for race, _ in raced.values() if race.reply_at <= ground.store.at + SPREAD]
    await apply_replies(prompted, transactions=world.transactions, limits=world.limits)
    return raced


def _raced(order: Order, draw: Draw, *, now: datetime) -> Raced:
    prompt_id: PostId = draw.prompt((now, now + SPREAD))
    prompted_at = time_of_snowflake(int(prompt_id))
    confirm_by = prompted_at + timedelta(minutes=15)
    return Raced(
        order_id=order.order_id,
        author_id=order.author_id,
        prompt_id=prompt_id,
        confirm_by=confirm_by,
        reply_at=draw.reply_at(prompted_at, confirm_by),
        posts=draw.posts(confirm_by),
    )
