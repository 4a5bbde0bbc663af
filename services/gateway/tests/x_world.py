"""A reading session against the simulated X, on tables in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import aiohttp

from gateway.domain.arrivals import Stream
from gateway.domain.positions import StreamState
from gateway.domain.post import SkipReason
from gateway.domain.rules import SELF_SERVE, Limits
from gateway.inbound.clocks import earlier_of
from gateway.inbound.session import NetworkPorts, News, NoNews, Options, Session
from gateway.inbound.stream_reader import Pace
from gateway.outbound.memory import MemoryStore
from gateway.outbound.x.accounts import XAccounts
from gateway.outbound.x.api import XApi
from gateway.outbound.x.archive import XArchive
from gateway.outbound.x.rule_book import XRuleBook
from gateway.outbound.x.streams import activity_stream, filtered_stream
from gateway.outbound.x.subscriptions import XSubscriptions
from gateway.usecases.close_gap import Reach
from gateway.usecases.follow_events import follow_links
from gateway.usecases.ports import LinkChange, Transactions
from gateway.usecases.tally import Tally
from hashtill.social.v1.social_post_pb2 import AccountRevoked, SocialPost, Watermark
from kernel.ids import LinkId, NetworkUserId, X
from kernel.secret import Secret
from kernel.tags import Tag
from sandbox.x.client import XClient
from sandbox.x.server import RunningServer, start
from sandbox.x.settings import Settings as XSettings
from sandbox.x.settings import Tier

WAIT_SECONDS = 10.0
HEARTBEAT_SECONDS = 0.2
MIA, JONAS, ANNA = "1000000101", "1000000102", "1000000106"
TAG = Tag("buykindle")


def options(*, limits: Limits = SELF_SERVE, backfills: bool = False) -> Options:
    return Options(
        program_handle="AmexSync",
        limits=limits,
        subscriptions_max=1_500,
        backfills=backfills,
        latency=timedelta(),
        watermark_every=timedelta(milliseconds=50),
        reach=Reach(overlap=timedelta(seconds=2), prompt_open=timedelta(minutes=16), archive_delay=timedelta()),
        pace=Pace(scale=0.01, healthy=timedelta(seconds=HEARTBEAT_SECONDS)),
        resync_seconds=60.0,
    )


@dataclass(kw_only=True)
class XWorld:
    """The simulated X, what was told so far, and the session under test."""

    server: RunningServer
    x: XClient
    http: aiohttp.ClientSession
    store: MemoryStore = field(default_factory=lambda: MemoryStore(network=X, at=datetime.now(UTC)))
    tags: set[Tag] = field(default_factory=lambda: {TAG})
    tally: Tally = field(default_factory=Tally)
    prompts: News = field(default_factory=NoNews)
    ahead: timedelta = timedelta(0)
    """How far the gateway's own clock is ahead of the database's, which is true."""

    @property
    def posts(self) -> list[SocialPost]:
        return [event for event in self.store.messages.events if isinstance(event, SocialPost)]

    @property
    def watermark(self) -> datetime:
        return self.store.watermarks.get(X, datetime.min.replace(tzinfo=UTC))

    @property
    def watermarks(self) -> list[Watermark]:
        return [event for event in self.store.messages.events if isinstance(event, Watermark)]

    @property
    def revoked(self) -> list[str]:
        return [event.author_id for event in self.store.messages.events if isinstance(event, AccountRevoked)]

    def versions(self) -> list[str]:
        return [post.version_id for post in self.posts]

    def skips(self, reason: SkipReason) -> int:
        return sum(count for (_, each), count in self.tally.skipped.items() if each is reason)

    def network(self) -> NetworkPorts:
        api = XApi(
            session=self.http,
            base_url=self.server.url,
            app_key="hashtill",
            app_secret=Secret("sandbox-client-secret"),
        )
        silence = HEARTBEAT_SECONDS * 3
        return NetworkPorts(
            streams=(
                filtered_stream(api, silence_seconds_max=silence),
                activity_stream(api, silence_seconds_max=silence),
            ),
            archive=XArchive(api=api),
            rules=XRuleBook(api=api),
            subscriptions=XSubscriptions(api=api),
            accounts=XAccounts(api=api),
        )

    def session(self, transactions: Transactions | None = None) -> Session:
        return Session(
            network=self.network(),
            options=options(),
            known_tags=lambda: frozenset(self.tags),
            transactions=transactions or self.store.transactions,
            tally=self.tally,
            clock=earlier_of(lambda: datetime.now(UTC) + self.ahead, lambda: datetime.now(UTC)),
            prompts=self.prompts,
        )

    async def link(self, user: str, *, watched: bool = True, link_id: UUID | None = None, version: int = 1) -> None:
        change = LinkChange(
            link_id=LinkId(link_id or uuid4()), user_id=NetworkUserId(user), watched=watched, version=version
        )
        await follow_links([change], transactions=self.store.transactions)

    def is_open(self) -> bool:
        states = [self.store.streams.get(stream) for stream in Stream]
        return all(each is not None and each.state is StreamState.OPEN and each.gap_from is None for each in states)

    async def act(self, do: str, user: str, text: str = "", *, post_id: str | None = None) -> str:
        return await self.x.act(do, user, text=text, post_id=post_id)

    async def until_watermark_after(self, at: datetime) -> None:
        await until(lambda: self.watermark > at)


@asynccontextmanager
async def an_x_world() -> AsyncIterator[XWorld]:
    """A simulated X that is served, and nothing read from it yet."""
    server = await start(XSettings(heartbeat_seconds=HEARTBEAT_SECONDS, tier=Tier.ENTERPRISE))
    async with aiohttp.ClientSession() as http:
        yield XWorld(server=server, x=XClient(http, server.url), http=http)
    await server.stop()


@asynccontextmanager
async def reading(world: XWorld, *, transactions: Transactions | None = None) -> AsyncIterator[Session]:
    """Run a session until both streams stand without a gap and members are watched, then for the block."""
    session = world.session(transactions)
    running = asyncio.create_task(session.run())
    try:
        await until(lambda: running.done() or (world.is_open() and session._watched is not None))
        yield session
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; a TimeoutError after WAIT_SECONDS."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - what changes is memory that tells nobody
            await asyncio.sleep(0.01)
