"""Gaps: what was posted while nobody listened is found, and the watermark waits for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from services.gateway.tests.x_world import XWorld, reading, until, x_world


@pytest.fixture
async def world() -> AsyncIterator[XWorld]:
    async with x_world() as made:
        yield made


async def test_a_gap_whose_search_is_refused_stays_open_until_it_is_answered(world: XWorld) -> None:
    async with reading(world):
        await world.x.fault("fail_calls", count=2, status=503, method="GET", path="/2/tweets/search/recent")
        await world.x.fault("refuse", seconds=0.3)
        await world.x.fault("drop")
        made = await world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in world.versions())
        await until(world.is_open)


async def test_a_clean_close_is_a_gap_too(world: XWorld) -> None:
    async with reading(world):
        await world.x.fault("refuse", seconds=0.3)
        await world.x.fault("drop", clean=True)
        made = await world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in world.versions())


async def test_what_was_posted_while_we_were_stopped_is_found_at_the_next_start(world: XWorld) -> None:
    async with reading(world):
        await world.until_watermark_after(datetime.now(UTC) - timedelta(seconds=1))
    made = await world.act("post", "mia_k", "#BuyKindle")

    async with reading(world):
        await until(lambda: made in world.versions())


async def test_what_was_posted_behind_a_session_whose_clock_was_ahead_is_found(world: XWorld) -> None:
    world.ahead = timedelta(minutes=10)
    async with reading(world):
        await world.until_watermark_after(datetime.now(UTC) - timedelta(seconds=1))
        assert world.watermark < datetime.now(UTC)
    made = await world.act("post", "mia_k", "#BuyKindle")

    world.ahead = timedelta(0)
    async with reading(world):
        await until(lambda: made in world.versions())
