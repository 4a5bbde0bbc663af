"""Running a race: time moves on while several consumers, clocks and step runners work at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, cast

from tests.races.drawing import AROUND_MS, ON_TIME, TOO_LATE_MOST, Confirming, Draw, Raced, events
from tests.races.ground import Ground
from tests.races.lane import Lane
from tests.races.preparing import SPREAD, reply_of

from chassis.consumers import BatchConsumer
from chassis.messages import inbox_id
from kernel.ids import OrderId, X
from kernel.shards import SOCIAL_SHARDS
from orders.domain.cutoff import Watermark
from orders.domain.order import Order
from orders.domain.posts import Post
from orders.domain.states import Command
from orders.inbound.social_backlog import ConsumedPosts
from orders.usecases.follow_orders import Reply, apply_replies
from orders.usecases.pass_time import expire_orders

Social: TypeAlias = Post | Watermark

SOCIAL_CONSUMERS = 3
REPLY_CONSUMERS = 2
CLOCKS = 2

FINE, COARSE = timedelta(milliseconds=20), timedelta(milliseconds=500)
"""How far time moves at once: finely while windows end and while they are given up."""

AHEAD_MAX = 400
"""Time waits for the consumers so far behind."""

LOOK_SECONDS = 0.002
AFTERWARDS = timedelta(seconds=30)
"""Past every lease, so that steps nobody remembers are taken again."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two streams orders reads in a race."""

    social: Lane[Social]
    replies: Lane[Reply]

    async def pending(self) -> int:
        """Count what is not settled, as BatchConsumer does."""
        return self.social.unsettled

    async def progress(self) -> tuple[int, int] | None:
        """Say how far posts were delivered and settled, as BatchConsumer does."""
        return self.social.delivered, self.social.settled


async def run_race(
    ground: Ground, draw: Draw, prepared: Mapping[OrderId, tuple[Raced, Order]], *, began_at: datetime
) -> Lanes:
    """Let all of it happen, then wait until nothing moves; gives the lanes for what they counted."""
    lanes, stop = Lanes(Lane(draw), Lane(draw)), asyncio.Event()
    steps = ground.world.steps
    tasks = [asyncio.create_task(steps.run(command, stop)) for command in Command]
    tasks += [asyncio.create_task(_expire(ground, lanes, stop)) for _ in range(CLOCKS)]
    consuming = [asyncio.create_task(_consume(lanes.social, _social(ground), stop)) for _ in range(SOCIAL_CONSUMERS)]
    consuming += [asyncio.create_task(_consume(lanes.replies, _replies(ground), stop)) for _ in range(REPLY_CONSUMERS)]
    walking = asyncio.create_task(_walk(ground, draw, lanes, prepared, began_at=began_at))
    await _first_failure([walking], beside=[*tasks, *consuming])
    stop.set()
    await asyncio.gather(*tasks, *consuming)
    await _come_to_rest(ground)
    return lanes


async def _walk(
    ground: Ground,
    draw: Draw,
    lanes: Lanes,
    prepared: Mapping[OrderId, tuple[Raced, Order]],
    *,
    began_at: datetime,
) -> None:
    """Move time from just before the first window ends to after the last delivery, delivering what is due."""
    raced = [race for race, _ in prepared.values()]
    coming = sorted(events(raced), key=lambda each: each[0])
    first = began_at + ground.world.limits.confirm_window - timedelta(milliseconds=4 * AROUND_MS)
    last = first + SPREAD + TOO_LATE_MOST + timedelta(seconds=1)
    place = 0
    ground.store.at = first
    while ground.store.at < last:
        due = place
        while due < len(coming) and coming[due][0] <= ground.store.at:
            due += 1
        _deliver(ground, draw, lanes, coming[place:due], prepared)
        place = due
        while lanes.social.waiting > AHEAD_MAX:  # noqa: ASYNC110 - the lanes are as silent as a broker
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(0)
        ground.store.at += _pace(ground.store.at - first)
    while lanes.social.unsettled or lanes.replies.unsettled or await _unconfirmed(ground):  # noqa: ASYNC110 - as above
        await asyncio.sleep(LOOK_SECONDS)


def _pace(since: timedelta) -> timedelta:
    hot = SPREAD + timedelta(milliseconds=8 * AROUND_MS)
    fine = since < hot or ON_TIME - timedelta(milliseconds=4 * AROUND_MS) < since < ON_TIME + hot
    return FINE if fine else COARSE


def _deliver(
    ground: Ground,
    draw: Draw,
    lanes: Lanes,
    due: Sequence[tuple[datetime, Raced, Confirming | None]],
    prepared: Mapping[OrderId, tuple[Raced, Order]],
) -> None:
    """Put what is due into the lanes in any order, and behind it in each shard that everything up to now is read."""
    for _, race, post in draw.shuffled(due):
        if post is None:
            lanes.replies.send(reply_of(race))
        else:
            lanes.social.send(_post(ground, prepared[race.order_id][1], post))
    for shard in range(SOCIAL_SHARDS):
        lanes.social.send(Watermark(network=X, shard=shard, at=ground.store.at))


def _post(ground: Ground, order: Order, post: Confirming) -> Post:
    message_id = inbox_id(name=f"x-{post.post_id}", at=post.posted_at)
    given: dict[str, Any] = {"post_id": post.post_id, "version_id": post.post_id, "posted_at": post.posted_at}
    return ground.world.post(order.author_id, order.confirmation_tag or "", message_id=message_id, **given)


async def _consume(lane: Lane[Any], handle: Callable[[list[Any]], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        batch = lane.take()
        if batch:
            await handle([message for _, message in batch])
            lane.settle(batch)
        else:
            await asyncio.sleep(LOOK_SECONDS)


def _social(ground: Ground) -> Callable[[list[Social]], Awaitable[None]]:
    async def handle(messages: list[Social]) -> None:
        posts = [message for message in messages if isinstance(message, Post)]
        watermarks = [message for message in messages if isinstance(message, Watermark)]
        await ground.world.receive(*posts, watermarks=watermarks)

    return handle


def _replies(ground: Ground) -> Callable[[list[Reply]], Awaitable[None]]:
    async def handle(messages: list[Reply]) -> None:
        await apply_replies(messages, transactions=ground.world.transactions, limits=ground.world.limits)

    return handle


async def _expire(ground: Ground, lanes: Lanes, stop: asyncio.Event) -> None:
    """Be one process's expiry: it believes a watermark once everything before it is settled, by orders' own rule."""
    world, posts = ground.world, ConsumedPosts(cast("BatchConsumer", lanes))
    while not stop.is_set():
        wait = await expire_orders(
            backlog=posts, transactions=world.transactions, limits=world.limits, on_expired=world.note_expired
        )
        await asyncio.sleep(min(wait.total_seconds(), LOOK_SECONDS))


async def _unconfirmed(ground: Ground) -> bool:
    async with ground.world.transactions.begin() as unit:
        return bool(await unit.orders.first_deadlines())


async def _come_to_rest(ground: Ground) -> None:
    """Take the steps that are left, as the poll does once their leases have run out."""
    ground.store.at += AFTERWARDS
    await ground.world.poll()


async def _first_failure(awaited: Sequence["asyncio.Task[None]"], *, beside: Sequence["asyncio.Task[None]"]) -> None:
    """Wait for the awaited; what fails beside them fails the race at once instead of stopping it."""
    everything = [*awaited, *beside]
    while not all(task.done() for task in awaited):
        done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
