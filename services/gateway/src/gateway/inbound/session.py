"""A reading session: while the lease is held, both streams, the writer, the gap closer and the keepers run as one."""

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gateway.domain.arrivals import Stream
from gateway.domain.gaps import backfill_minutes
from gateway.domain.positions import Position
from gateway.domain.post import ProgramAccount
from gateway.domain.rules import Limits
from gateway.domain.subscriptions import ExistingSubscription
from gateway.inbound.clocks import Clock
from gateway.inbound.gap_closer import GapCloser
from gateway.inbound.keeper import Keeper
from gateway.inbound.lane import Lane
from gateway.inbound.running import run_together
from gateway.inbound.stream_reader import Pace, StreamReader
from gateway.inbound.writer import Writer
from gateway.usecases.close_gap import GapPlan, Reach, plan_gap
from gateway.usecases.ingest_arrivals import Policy, load_progress
from gateway.usecases.keep_rules import keep_rules
from gateway.usecases.keep_subscriptions import keep_subscriptions, watched_accounts
from gateway.usecases.network import Accounts, Archive, NetworkStream, RuleBook, Subscriptions
from gateway.usecases.ports import Transactions
from gateway.usecases.tally import Tally
from kernel.ids import NetworkUserId
from kernel.tags import Tag

ACCOUNTS_EVERY_SECONDS = 5.0
"""Another replica may have taken the event of a new link; this replica wakes at once for its own."""


PROMPTS_LOOK_SECONDS = 0.1

PROMPTS_WAIT_SECONDS_MAX = 60.0
"""What a process that died had heard of prompts comes again within seconds; past this the notifier's stream is lost."""


class News(Protocol):
    """News of prompts that other services tell, as a stream whose places only grow."""

    async def last_place(self) -> int | None:
        """Say the place of the newest; None while that cannot be known."""

    async def has_handled(self, place: int) -> bool:
        """Whether everything up to a place is heard; False while that cannot be known."""


class NoNews:
    """Nothing is ever told."""

    async def last_place(self) -> int | None:
        """Say zero."""
        return 0

    async def has_handled(self, place: int) -> bool:
        """Say yes to zero."""
        return place == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPorts:
    """Everything that speaks to the network."""

    streams: tuple[NetworkStream, ...]
    archive: Archive
    rules: RuleBook
    subscriptions: Subscriptions
    accounts: Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read; see the settings of the same names."""

    program_handle: str
    limits: Limits
    subscriptions_max: int
    backfills: bool
    latency: timedelta
    watermark_every: timedelta
    reach: Reach
    pace: Pace
    resync_seconds: float


class Session:
    """One session, from the stored progress on; crash-only: whatever fails ends it, and the next one closes the gap."""

    def __init__(
        self,
        *,
        network: NetworkPorts,
        options: Options,
        known_tags: Callable[[], AbstractSet[Tag]],
        transactions: Transactions,
        tally: Tally,
        clock: Clock,
        prompts: News | None = None,
    ) -> None:
        self._network, self._options, self._known_tags = network, options, known_tags
        self._prompts = prompts or NoNews()
        self._transactions, self._tally, self._clock = transactions, tally, clock
        self._lane = Lane()
        self._held: tuple[ExistingSubscription, ...] | None = None
        self._watched: set[NetworkUserId] | None = None
        self._listed_at: datetime | None = None
        scale = options.pace.scale
        self.subscriptions = Keeper(
            "subscriptions", self._keep_subscriptions, every_seconds=ACCOUNTS_EVERY_SECONDS, scale=scale, clock=clock
        )
        self.rules = Keeper("rules", self._keep_rules, every_seconds=options.resync_seconds, scale=scale, clock=clock)
        self.program: ProgramAccount | None = None
        self.writer: Writer | None = None

    async def run(self) -> None:
        """Read until cancelled or until something fails."""
        program = await self._find_program()
        self.writer = writer = await self._new_writer(program)
        await self.rules.run_once()  # X refuses a filtered stream without rules
        readers = [
            StreamReader(
                each,
                lane=self._lane,
                clock=self._clock,
                pace=self._options.pace,
                backfill=self._backfill,
                lost=self._look_again,
            )
            for each in self._network.streams
        ]
        closer = GapCloser(
            writer=writer,
            lane=self._lane,
            archive=self._network.archive,
            plan=self._plan,
            reach=self._options.reach,
            clock=self._clock,
            scale=self._options.pace.scale,
        )
        heard = [reader.run() for reader in readers]
        await run_together([*heard, closer.run(), self.rules.run(), self.subscriptions.run()], writer, lane=self._lane)

    async def _find_program(self) -> ProgramAccount:
        found: list[NetworkUserId] = []

        async def ask() -> None:
            found.append(await self._network.accounts.user_id_of(self._options.program_handle))

        asking = Keeper("program account", ask, every_seconds=0.0, scale=self._options.pace.scale, clock=self._clock)
        while not found:
            await asking.run_once()
        self.program = ProgramAccount(user_id=found[0], handle=self._options.program_handle)
        return self.program

    async def _new_writer(self, program: ProgramAccount) -> Writer:
        policy = Policy(program=program, latency=self._options.latency, watermark_every=self._options.watermark_every)
        return Writer(
            await load_progress(transactions=self._transactions),
            lane=self._lane,
            known_tags=self._known_tags,
            policy=policy,
            transactions=self._transactions,
            tally=self._tally,
        )

    def _look_again(self) -> None:
        """Compare with X after a lost stream: X may have lost our rules, or somebody deleted them."""
        self._listed_at = None
        self.rules.wake()
        self.subscriptions.wake()

    def _backfill(self, stream: Stream) -> int:
        if not self._options.backfills or self.writer is None:
            return 0
        return backfill_minutes(self.writer.progress.positions[stream].surely_read_until, at=self._clock())

    async def _plan(self, gaps: list[Position], at: datetime) -> GapPlan:
        await self._until_prompts_are_known(until=at + timedelta(seconds=PROMPTS_WAIT_SECONDS_MAX))
        return await plan_gap(
            gaps,
            at=self._clock(),
            known_tags=self._known_tags(),
            program=self._program,
            limits=self._options.limits,
            reach=self._options.reach,
            transactions=self._transactions,
        )

    async def _until_prompts_are_known(self, *, until: datetime) -> None:
        """Wait for news of prompts that is on its way: who was asked just before the gap may answer it by a repost.

        What is told from now on is not waited for: under load there is always more.
        """
        place = await self._prompts.last_place()
        while place is None or not await self._prompts.has_handled(place):
            if self._clock() > until:
                structlog.get_logger().error("gap_read_without_the_newest_prompts")
                return
            await asyncio.sleep(PROMPTS_LOOK_SECONDS)
            place = await self._prompts.last_place() if place is None else place

    @property
    def _program(self) -> ProgramAccount:
        if self.program is None:
            raise RuntimeError("The program account is looked up before anything is read.")
        return self.program

    async def _keep_rules(self) -> None:
        kept = await keep_rules(
            self._known_tags(), program=self._program, limits=self._options.limits, book=self._network.rules
        )
        if kept.added or kept.deleted or kept.refused or kept.left_out:
            structlog.get_logger().info(
                "rules_kept", added=kept.added, deleted=kept.deleted, refused=kept.refused, left_out=kept.left_out
            )

    async def _keep_subscriptions(self) -> None:
        """Ask X for its list only every so often; in between what we changed ourselves is known."""
        accounts, at = await watched_accounts(transactions=self._transactions), self._clock()
        stale = self._listed_at is None or at - self._listed_at >= timedelta(seconds=self._options.resync_seconds)
        if accounts == self._watched and not stale:
            return
        held, self._held, self._watched = None if stale else self._held, None, None
        kept = await keep_subscriptions(
            accounts, held=held, subscriptions_max=self._options.subscriptions_max, network=self._network.subscriptions
        )
        self._held, self._watched = kept.held, accounts
        self._listed_at = at if held is None else self._listed_at
        if kept.added or kept.deleted or kept.refused or kept.left_out:
            structlog.get_logger().info(
                "subscriptions_kept",
                added=kept.added,
                deleted=kept.deleted,
                refused=kept.refused,
                left_out=kept.left_out,
            )
