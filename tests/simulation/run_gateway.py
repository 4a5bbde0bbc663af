"""The gateway's reading half, joined as its main does, over a memory store and the simulated X; pages are left out."""

import asyncio
from datetime import datetime, timedelta

from tests.simulation.database import Database
from tests.simulation.known_tags import TagsTwin
from tests.simulation.stage import BEGINNING, Life, Node
from tests.simulation.suite import Running, Suite, start
from tests.simulation.x_posts import PROGRAM_HANDLE
from tests.simulation.x_reading import SimAccounts, SimArchive, SimRuleBook, SimStream, SimSubscriptions
from tests.simulation.x_world import XWorld

from chassis.outages import is_outage
from gateway.domain.arrivals import Stream
from gateway.domain.rules import ENTERPRISE
from gateway.inbound.events import LINK_SUBJECTS, LINK_TYPES, PROMPT_SUBJECTS, PROMPT_TYPES, LinkEvents, PromptEvents
from gateway.inbound.keeper import Keeper
from gateway.inbound.session import NetworkPorts, Options, Session
from gateway.inbound.stream_reader import Pace
from gateway.outbound.memory import MemoryStore
from gateway.usecases.close_gap import Reach
from gateway.usecases.network import NetworkFailedError
from gateway.usecases.tally import Tally
from kernel.ids import X

ACCOUNTS_EVERY_SECONDS = 86_400.0
"""Only for other replicas' events, of which there are none here: our own wake the keeper."""

RESTART_SECONDS = 0.5

OPTIONS = Options(
    program_handle=PROGRAM_HANDLE,
    limits=ENTERPRISE,
    subscriptions_max=75_000,
    backfills=False,
    latency=timedelta(seconds=10),
    watermark_every=timedelta(seconds=20),
    reach=Reach(
        overlap=timedelta(seconds=60),
        prompt_open=timedelta(seconds=960),
        archive_delay=timedelta(seconds=30),
    ),
    pace=Pace(scale=1.0, healthy=timedelta(seconds=20)),
    resync_seconds=ACCOUNTS_EVERY_SECONDS,
)
"""The settings' defaults, but that watermarks come every 20 s."""


class SimSession(Session):
    """A session whose look at the accounts of other replicas is a day away."""

    def keep_accounts_rarely(self, life: Life) -> None:
        """Let subscriptions be kept when woken."""
        self.subscriptions = Keeper(
            "subscriptions",
            self._keep_subscriptions,
            every_seconds=ACCOUNTS_EVERY_SECONDS,
            scale=OPTIONS.pace.scale,
            clock=life.node.now,
        )


class GatewayRun:
    """The gateway process: what outlives it, and how a life of it begins."""

    def __init__(self, suite: Suite, world: XWorld) -> None:
        self.suite, self._world = suite, world
        self.node = Node(suite.stage, "gateway", self._start)
        self.store = MemoryStore(network=X, at=BEGINNING)
        self.database = Database(
            self.node, inner=self.store.transactions, outbox=self.store.messages, set_clock=self._set_clock
        )
        self._session: SimSession | None = None

    def _set_clock(self, at: datetime) -> None:
        self.store.at = at

    def _start(self, life: Life) -> None:
        running = start(self.suite, life, self.database)
        tags = TagsTwin(life, self.suite.broker)
        tags.on_change = lambda: self._session.rules.wake() if self._session else None
        life.spawn(tags.run(), "known tags")
        life.spawn(self._read(running, tags), "reading")
        links = LinkEvents(network=X, transactions=running.transactions, changed=self._links_changed)
        prompts = PromptEvents(network=X, transactions=running.transactions)
        for stream, durable, subjects, types, handler in (
            ("IDENTITY", "gateway-links", LINK_SUBJECTS, LINK_TYPES, links.handle),
            ("NOTIFIER", "gateway-prompts", PROMPT_SUBJECTS, PROMPT_TYPES, prompts.handle),
        ):
            life.spawn(running.consumer(stream, durable, subjects, types, handler).run(), durable)

    def _links_changed(self) -> None:
        if self._session is not None:
            self._session.subscriptions.wake()

    async def _read(self, running: Running, tags: TagsTwin) -> None:
        """Read one session after another, as the lease's holder does."""
        await tags.wait_until_synced()
        while True:
            self._session = self._new_session(running, tags)
            try:
                await self._session.run()
            except Exception as error:
                if not (isinstance(error, NetworkFailedError) or is_outage(error)):
                    raise
                running.life.stage.tell("gateway", f"session ends: {error}")
            await asyncio.sleep(RESTART_SECONDS)

    def _new_session(self, running: Running, tags: TagsTwin) -> SimSession:
        life = running.life
        session = SimSession(
            network=NetworkPorts(
                streams=tuple(SimStream(life, self._world, stream) for stream in Stream),
                archive=SimArchive(life, self._world),
                rules=SimRuleBook(life, self._world),
                subscriptions=SimSubscriptions(life, self._world),
                accounts=SimAccounts(life),
            ),
            options=OPTIONS,
            known_tags=lambda: tags.tags,
            transactions=running.transactions,
            tally=Tally(),
            clock=life.node.now,
        )
        session.keep_accounts_rarely(life)
        return session
