"""Gaps: what was posted while nobody listened is found, and the watermark waits for it."""

from datetime import UTC, datetime, timedelta

from services.gateway.tests.x_world import XWorld, reading, until


async def test_a_gap_whose_search_is_refused_stays_open_until_it_is_answered(x_world: XWorld) -> None:
    async with reading(x_world):
        await x_world.x.fault("fail_calls", count=2, status=503, method="GET", path="/2/tweets/search/recent")
        await x_world.x.fault("refuse", seconds=0.3)
        await x_world.x.fault("drop")
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())
        await until(x_world.is_open)


async def test_a_clean_close_is_a_gap_too(x_world: XWorld) -> None:
    async with reading(x_world):
        await x_world.x.fault("refuse", seconds=0.3)
        await x_world.x.fault("drop", clean=True)
        made = await x_world.act("post", "mia_k", "#BuyKindle")
        await until(lambda: made in x_world.versions())


async def test_what_was_posted_while_we_were_stopped_is_found_at_the_next_start(x_world: XWorld) -> None:
    async with reading(x_world):
        await x_world.until_watermark_after(datetime.now(UTC) - timedelta(seconds=1))
    made = await x_world.act("post", "mia_k", "#BuyKindle")

    async with reading(x_world):
        await until(lambda: made in x_world.versions())


async def test_what_was_posted_behind_a_session_whose_clock_was_ahead_is_found(x_world: XWorld) -> None:
    x_world.ahead = timedelta(minutes=10)
    async with reading(x_world):
        await x_world.until_watermark_after(datetime.now(UTC) - timedelta(seconds=1))
        assert x_world.watermark < datetime.now(UTC)
    made = await x_world.act("post", "mia_k", "#BuyKindle")

    x_world.ahead = timedelta(0)
    async with reading(x_world):
        await until(lambda: made in x_world.versions())
