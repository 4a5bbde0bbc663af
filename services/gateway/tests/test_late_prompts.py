"""News of a prompt that comes after the gap it was answered in: the gap is not read before all such news is heard."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from services.gateway.tests.x_world import MIA, XWorld, reading, until, x_world

from gateway.inbound import session
from gateway.usecases.follow_events import follow_prompts
from gateway.usecases.ports import PromptPosted
from kernel.ids import PostId


@pytest.fixture
async def world() -> AsyncIterator[XWorld]:
    async with x_world() as made:
        yield made


class LateNews:
    """News of prompts that is on its way until the test lets it come."""

    def __init__(self) -> None:
        self.asked, self.heard = 0, True

    async def all_heard(self) -> bool:
        self.asked += not self.heard
        return self.heard


async def test_a_confirmation_within_a_gap_is_found_though_its_prompt_was_told_later(world: XWorld) -> None:
    news = LateNews()
    world.prompts_known = news.all_heard
    await world.link(MIA)
    async with reading(world):
        prompt, missed = await asked_and_answered_within_a_gap(world, news)
        await until(lambda: news.asked > 1)
        assert missed not in world.versions()

        await follow_prompts([prompt], transactions=world.store.transactions)
        news.heard = True
        await until(lambda: missed in world.versions())


async def test_news_that_never_comes_does_not_keep_a_gap_open(world: XWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PROMPTS_WAIT_SECONDS_MAX", 0.3)
    news = LateNews()
    world.prompts_known = news.all_heard
    await world.link(MIA)
    async with reading(world):
        await asked_and_answered_within_a_gap(world, news)
        await until(lambda: news.asked > 1)
        await until(world.is_open)


async def asked_and_answered_within_a_gap(world: XWorld, news: LateNews) -> tuple[PromptPosted, str]:
    order = await world.act("post", "mia_k", "#BuyKindle")
    await until(lambda: order in world.versions())
    reply = await world.act("reply", "AmexSync", "confirm with #OKBCDFGHJK", post_id=order)
    news.heard = False
    await world.x.fault("refuse", seconds=0.3)
    await world.x.fault("drop")
    await until(lambda: not world.is_open())
    missed = await world.act("post", "mia_k", "#OKBCDFGHJK")
    at = datetime.now(UTC)
    return PromptPosted(post_id=PostId(reply), in_reply_to_post_id=PostId(order), posted_at=at), missed
