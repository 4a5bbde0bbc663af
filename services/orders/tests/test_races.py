"""Races on PostgreSQL: confirmation against expiry, and one post read by two replicas, with one effect each."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from services.orders.tests.orders_world import ANN, TAG, World, message_id

from chassis.postgres import Database
from chassis.unnest import execute_unnest, fetch_unnest
from kernel.ids import NetworkUserId, X
from orders.domain.posts import Post
from orders.usecases.follow_orders import Posted, Reply, apply_replies

ORDERS = 4_000
BATCH = 100

pytestmark = pytest.mark.servers

_OUTCOMES = """
SELECT count(*) AS orders, count(*) FILTER (WHERE state = 'RELEASING') AS expired,
    count(*) FILTER (WHERE state = 'COMMITTING') AS confirmed FROM orders
"""
_BOTH = """
SELECT count(*) AS both FROM (
    SELECT order_id FROM order_log WHERE cause IN ('Confirmed', 'DeadlinePassed') GROUP BY order_id HAVING count(*) <> 1
) AS twice
"""

_WAITING = "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted"


async def test_confirm_and_expire_race_over_four_thousand_orders_with_no_double_effect(
    postgres_world: World, database: Database
) -> None:
    world = postgres_world
    confirmations = await _awaiting(world)
    window_over = world.store.at + timedelta(minutes=15)

    async def confirm(posts: list[Post]) -> None:
        await world.receive(*posts)

    async def expire() -> None:
        async with world.transactions.begin() as unit:
            await unit.orders.expire(X, cutoff_at=window_over, at=unit.at, count_max=BATCH)

    batches = [confirmations[start : start + BATCH] for start in range(0, ORDERS, BATCH)]
    for index in range(0, len(batches), 4):
        await asyncio.gather(*(confirm(batch) for batch in batches[index : index + 4]), *(expire() for _ in range(4)))

    async with database.transaction() as connection:
        (outcomes,) = await fetch_unnest(connection, _OUTCOMES)
        (twice,) = await fetch_unnest(connection, _BOTH)
        (told,) = await fetch_unnest(connection, "SELECT count(*) FROM outbox WHERE subject LIKE '%order_confirmed%'")
    assert outcomes["expired"] + outcomes["confirmed"] == outcomes["orders"] == ORDERS
    assert outcomes["expired"] > 0
    assert outcomes["confirmed"] == told["count"] > 0
    assert twice["both"] == 0


async def test_two_replicas_that_read_one_post_make_one_order(postgres_world: World) -> None:
    post = postgres_world.post(ANN, TAG)
    copies = [replace(post, message_id=message_id(postgres_world)) for _ in range(8)]

    await asyncio.gather(*(postgres_world.receive(copy) for copy in (post, post, *copies)))
    await postgres_world.settle()

    assert await postgres_world.told() == ["OrderHeld"]


async def test_posts_of_one_member_read_at_once_make_no_more_orders_than_the_cap(
    postgres_world: World, database: Database
) -> None:
    posts = [postgres_world.post(ANN, TAG) for _ in range(20)]

    await asyncio.gather(*(postgres_world.receive(post) for post in posts))

    async with database.transaction() as connection:
        (outcomes,) = await fetch_unnest(connection, _OUTCOMES)
    assert outcomes["orders"] == postgres_world.limits.open_orders_max
    assert (await postgres_world.told()).count("PurchaseRefused") == len(posts) - outcomes["orders"]


async def _awaiting(world: World) -> list[Post]:
    """Bring many orders to AWAITING_CONFIRMATION, and give a confirmation of each."""
    authors = _linked(world, count=ORDERS)
    confirmations: list[Post] = []
    for start in range(0, ORDERS, 200):
        posts = [world.post(author, TAG) for author in authors[start : start + 200]]
        await world.receive(*posts)
        await world.settle()
        orders = [await world.order(post) for post in posts]
        replies = [
            Reply(
                message_id=message_id(world),
                order_id=order.order_id,
                posted=Posted(post_id=order.post_id, at=world.store.at),
            )
            for order in orders
        ]
        await apply_replies(replies, transactions=world.transactions, limits=world.limits)
        confirmations += [world.post(order.author_id, order.confirmation_tag or "") for order in orders]
    return confirmations


async def test_confirmations_that_wait_for_a_change_of_their_orders_are_all_kept(
    postgres_world: World, database: Database
) -> None:
    world = postgres_world
    orders = [await world.held(author) for author in _linked(world, count=20)]
    confirmations = [world.post(order.author_id, order.confirmation_tag or "") for order in orders]

    async with database.transaction() as connection:
        await execute_unnest(connection, "UPDATE orders SET updated_at = updated_at")
        waiting = asyncio.create_task(world.receive(*confirmations))
        while not (await fetch_unnest(connection, _WAITING))[0]["waiting"]:  # noqa: ASYNC110 - PostgreSQL sets no Event
            await asyncio.sleep(0.01)
    await waiting

    assert all([(await world.again(order)).early for order in orders])


def _linked(world: World, *, count: int) -> list[NetworkUserId]:
    authors = [NetworkUserId(str(10_000 + number)) for number in range(count)]
    for author in authors:
        world.link(author)
    return authors
