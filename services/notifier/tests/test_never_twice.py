"""A reply that may be out already: it is looked for, and a prompt nobody waits for any more is not said again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from services.notifier.tests.notifier_world import NOW, RECIPIENT, World, link_news, order_news

from kernel.ids import PostId, X
from kernel.secret import Secret
from kernel.snowflakes import first_snowflake_at
from notifier.domain.delivery import LATE_MAX, Channel, DeliveryState
from notifier.domain.news import LinkNewsKind, OrderNewsKind
from notifier.domain.quota import Quota
from notifier.outbound.memory import MemoryStore
from notifier.outbound.x_posts import ProgramAccount, XPosts
from notifier.usecases import doubts
from notifier.usecases.doubts import Doubts
from notifier.usecases.in_hand import InHand
from notifier.usecases.ports import NotPosted, PostAnswer, Posted
from notifier.usecases.send_posts import LEASE_TIME

HELD = order_news(OrderNewsKind.HELD)
UNKNOWN = PostAnswer(outcome=NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True))
DUPLICATE = PostAnswer(outcome=NotPosted(reason="DUPLICATE_TEXT", for_good=True))


@pytest.fixture
def world(memory: MemoryStore) -> World:
    return World(memory.transactions())


async def test_a_prompt_tried_in_doubt_is_asked_about_before_it_is_said_again(
    memory: MemoryStore, world: World
) -> None:
    world.network.answers = [UNKNOWN]
    await world.hear(HELD)
    await world.send_posts()
    memory.at += LATE_MAX
    world.peers.prompting = False

    await world.send_posts()

    assert world.network.posted == []
    assert ((await world.one()).state, (await world.one()).failure) == (DeliveryState.SKIPPED, "ORDER_MOVED_ON")


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Posted(post_id=PostId("77"), posted_at=NOW), DeliveryState.SENT),
        (NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True), DeliveryState.SENDING),
    ],
)
async def test_a_prompt_in_doubt_that_nobody_waits_for_is_known_to_be_out_before_it_is_let_go(
    memory: MemoryStore, world: World, found: Posted | NotPosted, state: DeliveryState
) -> None:
    world.network.answers = [UNKNOWN]
    await world.hear(HELD)
    await world.send_posts()
    memory.at += LATE_MAX
    world.peers.prompting, world.network.found = False, found

    await world.send_posts()

    assert (world.network.posted, world.network.looked) == ([], 1)
    assert state in {each.state for each in await world.all() if each.channel is Channel.REPLY}


async def test_a_mail_is_the_same_mail_however_often_it_is_tried(world: World) -> None:
    await world.hear(link_news(LinkNewsKind.FROZEN))
    delivery = await world.one()

    tried = [world.composer.mail(delivery, RECIPIENT) for _ in range(2)]

    assert tried[0] is not None
    assert tried[0] == tried[1]  # its Message-ID too, by which mail servers and readers know a repeat


async def test_a_reply_in_doubt_stays_so_while_there_is_no_quota_and_is_looked_for_after(
    memory: MemoryStore, world: World
) -> None:
    await world.hear(HELD)
    async with memory.transactions().begin() as unit:
        leased = await unit.deliveries.lease([Channel.REPLY], limit=1, lease_time=LEASE_TIME)
        await unit.deliveries.begin(leased, lease_time=LEASE_TIME)  # its sender posts, and dies
    memory.at += LEASE_TIME
    spent = Quota(limit=100, remaining=0, reset_at=memory.at + timedelta(minutes=2))
    async with memory.transactions().begin() as unit:
        await unit.quotas.write(X, spent)
    world.network.found = Posted(post_id=PostId("77"), posted_at=NOW)
    world.peers.prompting = True

    await world.send_posts()
    kept_back = await world.one()
    memory.at = spent.reset_at
    await world.send_posts()

    assert (kept_back.state, kept_back.next_at) == (DeliveryState.SENDING, spent.reset_at)
    assert (world.network.posted, world.network.looked) == ([], 1)


async def test_what_timed_out_rests_though_the_databases_clock_jumps_ahead(
    memory: MemoryStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "LATE_MAX", timedelta(hours=1))
    world.network.answers, world.doubts = [UNKNOWN], Doubts()
    await world.hear(HELD)
    await world.send_posts()

    memory.at += LATE_MAX
    sending = asyncio.create_task(world.send_posts())
    await asyncio.sleep(0.05)
    assert (sending.done(), world.network.looked) == (False, 0)
    sending.cancel()

    memory.at += LATE_MAX
    world.doubts, world.in_hand = Doubts(), InHand()  # another process knows nothing of when this one tried
    await world.send_posts()
    assert world.network.looked == 1


async def test_what_timed_out_is_not_looked_for_before_the_network_is_sure_to_have_taken_it(
    memory: MemoryStore, world: World
) -> None:
    world.network.answers = [UNKNOWN]
    await world.hear(HELD)

    await world.send_posts()
    memory.at += LATE_MAX - timedelta(seconds=1)
    await world.send_posts()

    assert (world.network.posted, world.network.looked) == ([], 0)


async def test_a_repeat_that_x_calls_a_duplicate_is_our_first_try_and_is_looked_for_again(
    memory: MemoryStore, world: World
) -> None:
    world.network.answers = [UNKNOWN, DUPLICATE]
    await world.hear(HELD)
    for _ in range(2):
        await world.send_posts()
        memory.at += LATE_MAX
    in_doubt = (await world.one()).state
    world.network.found = Posted(post_id=PostId("77"), posted_at=NOW)

    await world.send_posts()

    assert in_doubt is DeliveryState.SENDING
    assert "77" in {each.sent_id for each in await world.all()}


async def test_a_first_try_that_x_calls_a_duplicate_has_failed(world: World) -> None:
    world.network.answers = [DUPLICATE]
    await world.hear(HELD)

    await world.send_posts()

    assert (await world.one()).state is DeliveryState.FAILED


class OddX:
    """X that says what a test tells it to."""

    def __init__(self) -> None:
        self.timeline: object = {"data": []}
        self.created: object = {}
        self.start_times: list[str] = []

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                web.post("/2/tweets", self._create),
                web.get("/2/users/me", self._me),
                web.get("/2/users/{user}/tweets", self._timeline),
            ]
        )
        return application

    async def _create(self, _: web.Request) -> web.Response:
        return web.json_response(self.created, status=201)

    async def _me(self, _: web.Request) -> web.Response:
        return web.json_response({"data": {"id": "7"}})

    async def _timeline(self, request: web.Request) -> web.Response:
        self.start_times.append(request.query["start_time"])
        return web.json_response(self.timeline)


@pytest.fixture
def odd() -> OddX:
    return OddX()


@pytest.fixture
async def posts(odd: OddX) -> AsyncIterator[XPosts]:
    async with TestServer(odd.application()) as server, ClientSession() as session:
        account = ProgramAccount(api_url=str(server.make_url("")).rstrip("/"), access_token=Secret("t"))
        yield XPosts(session, account=account)


async def test_what_x_escapes_in_a_text_is_found_all_the_same(odd: OddX, posts: XPosts) -> None:
    post_id = str(first_snowflake_at(NOW))
    odd.timeline = {"data": [{"id": post_id, "text": "Salt &amp; Pepper &lt;3"}]}

    found = await posts.find("Salt & Pepper <3", in_reply_to=None, since=NOW)

    assert isinstance(found, Posted)
    assert found.post_id == post_id


async def test_a_clock_of_ours_that_runs_ahead_hides_no_reply(odd: OddX, posts: XPosts) -> None:
    await posts.find("hello", in_reply_to=None, since=NOW)

    (asked,) = odd.start_times
    assert datetime.fromisoformat(asked) <= NOW.astimezone(UTC) - timedelta(seconds=30)


@pytest.mark.parametrize("created", [{"data": {}}, {"data": {"id": "?"}}, {"data": []}, {}, []])
async def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(
    odd: OddX, posts: XPosts, created: object
) -> None:
    odd.created = created

    answer = await posts.post("hello", in_reply_to=None)

    assert answer.outcome == NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True)


@pytest.mark.parametrize("timeline", [{"data": [{"text": "hello"}]}, {"data": ["hello"]}, {"meta": []}])
async def test_a_timeline_that_cannot_be_read_leaves_the_outcome_unknown(
    odd: OddX, posts: XPosts, timeline: object
) -> None:
    odd.timeline = timeline

    found = await posts.find("hello", in_reply_to=None, since=NOW)

    assert found == NotPosted(reason="NETWORK_UNAVAILABLE", unknown=True)


async def test_a_timeline_that_does_not_reach_back_to_the_try_leaves_the_outcome_unknown(
    odd: OddX, posts: XPosts
) -> None:
    odd.timeline = {"data": [], "meta": {"next_token": "more"}}

    found = await posts.find("hello", in_reply_to=None, since=NOW)

    assert found == NotPosted(reason="TOO_MANY_POSTS", unknown=True)
