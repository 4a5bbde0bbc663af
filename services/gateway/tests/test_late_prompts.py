"""News of a prompt that comes after the gap it was answered in: what answers it is found all the same."""

from datetime import UTC, datetime

import pytest
from services.gateway.tests.x_world import MIA, XWorld, reading, until

from gateway.inbound import session
from gateway.usecases.follow_events import follow_prompts
from gateway.usecases.ports import PromptPosted
from kernel.ids import PostId


class LateNews:
    """News of prompts that is heard when the test lets it be; there is more of it at every look."""

    def __init__(self) -> None:
        self.asked, self.told, self.heard = 0, 1, 1

    async def last_place(self) -> int:
        self.told += 1
        return self.told

    async def has_handled(self, place: int) -> bool:
        self.asked += 1
        return place <= self.heard

    def hear_all_told(self) -> None:
        self.heard = self.told


@pytest.fixture
async def news(x_world: XWorld) -> LateNews:
    x_world.prompts = news = LateNews()
    await x_world.link(MIA)
    return news


async def test_a_confirmation_within_a_gap_is_found_before_anybody_tells_of_its_prompt(x_world: XWorld) -> None:
    await x_world.link(MIA)
    async with reading(x_world):
        order, _ = await asked(x_world)
        await lost(x_world)
        missed = await x_world.act("post", "mia_k", "#OKBCDFGHJK")

        await until(lambda: missed in x_world.versions())
        assert order in x_world.versions()


async def test_a_repost_within_a_gap_is_found_though_its_prompt_was_told_later(x_world: XWorld, news: LateNews) -> None:
    async with reading(x_world):
        order, prompt = await asked(x_world)
        await lost(x_world)
        missed = await x_world.act("repost", "mia_k", post_id=prompt)
        await until(lambda: news.asked > 1)
        assert missed not in x_world.versions()

        await follow_prompts([told(prompt, order)], transactions=x_world.store.transactions)
        news.hear_all_told()
        await until(lambda: missed in x_world.versions())


async def test_news_that_is_told_while_a_gap_waits_is_not_waited_for(x_world: XWorld, news: LateNews) -> None:
    async with reading(x_world):
        await until(x_world.is_open)
        await lost(x_world)
        await until(lambda: news.asked > 1)

        def is_open() -> bool:
            news.hear_all_told()  # each stream's gap may be asked about on its own
            return x_world.is_open()

        await until(is_open)
        assert await news.last_place() > news.heard


async def test_news_that_never_comes_does_not_keep_a_gap_open(
    x_world: XWorld, news: LateNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PROMPTS_WAIT_SECONDS_MAX", 0.3)
    async with reading(x_world):
        await until(x_world.is_open)
        await lost(x_world)
        await until(lambda: news.asked > 1)
        await until(x_world.is_open)


async def asked(x_world: XWorld) -> tuple[str, str]:
    """A purchase that is heard, and the prompt that answers it."""
    order = await x_world.act("post", "mia_k", "#BuyKindle")
    await until(lambda: order in x_world.versions())
    return order, await x_world.act("reply", "AmexSync", "confirm with #OKBCDFGHJK", post_id=order)


async def lost(x_world: XWorld) -> None:
    """Both streams are lost, and for a moment cannot be had again."""
    await x_world.x.fault("refuse", seconds=0.3)
    await x_world.x.fault("drop")
    await until(lambda: not x_world.is_open())


def told(prompt: str, order: str) -> PromptPosted:
    return PromptPosted(post_id=PostId(prompt), in_reply_to_post_id=PostId(order), posted_at=datetime.now(UTC))
