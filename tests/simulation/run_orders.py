"""Orders, joined as its main does, over a memory store."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from tests.simulation.consuming import SimConsumer, reads
from tests.simulation.database import Database
from tests.simulation.known_tags import TagsTwin
from tests.simulation.polling import poll, soonest
from tests.simulation.stage import BEGINNING, Life, Node
from tests.simulation.suite import Running, Suite, start
from tests.simulation.waking import Signal

from chassis.postgres import OutcomeUnknownError
from kernel.secret import Secret
from kernel.tags import new_confirmation_tag
from orders.domain import saga
from orders.domain.cutoff import is_dark, least_watermark
from orders.domain.limits import Limits
from orders.domain.order import Order
from orders.domain.states import Command, State
from orders.inbound import consumers
from orders.inbound.changing_calls import ChangingParts
from orders.inbound.clocks import Clocks
from orders.inbound.consumers import Consumers
from orders.inbound.servicer import OrdersServicer, ReadingParts
from orders.inbound.social_backlog import ConsumedPosts
from orders.inbound.steps import KEEP_EVERY_SECONDS, Steps
from orders.inbound.watchers import Watchers
from orders.outbound.links import GrpcLinks
from orders.outbound.memory import MemoryStore, OrdersInMemory
from orders.outbound.peers import GrpcAddresses, GrpcCharges, GrpcStock
from orders.usecases import follow_orders, receive_posts
from orders.usecases.take_steps import Peers

LIMITS = Limits()
LANES = 2
PAGE_KEY = Secret(b"a page key of a simulation, no secret")
RESTART_SECONDS = 0.2


class SimSteps(Steps):
    """The step runner with a signal a command instead of a timed look at its queue."""

    def __init__(self, running: Running, peers: Peers) -> None:
        super().__init__(peers=peers, transactions=running.transactions, limits=LIMITS)
        self._taken = Signal()
        running.life.spawn(self._keep(), "keeps leases")
        self._signals = {command: Signal() for command in Command}
        for command in Command:
            for _ in range(LANES):
                running.life.spawn(self._lane(command), f"{command} lane")

    def offer(self, saved: Sequence[Order]) -> None:
        """Take saved orders, and wake the lanes."""
        super().offer(saved)
        self._wake()

    async def poll_once(self) -> bool:
        """Lease what is due, and wake the lanes."""
        more = await super().poll_once()
        self._wake()
        return more

    def _wake(self) -> None:
        for command, queue in self._waiting.items():
            if not queue.empty():
                self._signals[command].set()
        if self._in_hand:
            self._taken.set()

    async def _keep(self) -> None:
        """Keep the leases of slow steps, every second while any is in hand."""
        while True:
            self._taken.clear()
            if not self._in_hand:
                await self._taken.wait()
            await asyncio.sleep(KEEP_EVERY_SECONDS)
            with suppress(OutcomeUnknownError):
                await self.keep_once()

    async def _lane(self, command: Command) -> None:
        """Run one command's batches; one that fails in an outage is begun anew, as a supervised worker is."""
        while True:
            try:
                idle = not await self.run_once(command)
            except OutcomeUnknownError:
                await asyncio.sleep(RESTART_SECONDS)
                continue
            if idle:
                self._signals[command].clear()
                await self._signals[command].wait()


class OrdersRun:
    """The orders process: what outlives it, and how a life of it begins."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.node = Node(suite.stage, "orders", self._start)
        self.store = MemoryStore(at=BEGINNING)
        self._dark: list[tuple[datetime, datetime]] = []
        inner = OrdersInMemory(self.store, on_saved=lambda _saved: None)
        self.database = Database(self.node, inner=inner, outbox=self.store.outbox, set_clock=self._set_clock)

    def _set_clock(self, at: datetime) -> None:
        self.store.at = at

    def _start(self, life: Life) -> None:
        running = start(self.suite, life, self.database)
        links, payments = GrpcLinks(running.stub("identity")), running.stub("payments")
        peers = Peers(
            links=links,
            stock=GrpcStock(running.stub("offers")),
            charges=GrpcCharges(payments),
            new_tag=lambda: new_confirmation_tag(lambda below: int(life.stage.draw() * below)),
        )
        steps = SimSteps(running, peers)
        running.transactions.on_saved(steps.offer)
        changing = ChangingParts(transactions=running.transactions, links=links, limits=LIMITS, page_key=PAGE_KEY)
        reading = ReadingParts(addresses=GrpcAddresses(payments), watchers=Watchers(), stopping=asyncio.Event())
        self.suite.switchboard.answer(life, OrdersServicer(changing, reading))
        read = self._consume(running, links)
        clocks = Clocks(
            posts=ConsumedPosts(read[receive_posts.CONSUMER]),  # type: ignore[arg-type]  # the consumer's twin
            replies=read[follow_orders.NOTIFIER_CONSUMER],
            transactions=running.transactions,
            limits=LIMITS,
        )
        self._tick(life, steps, clocks)

    def _consume(self, running: Running, links: GrpcLinks) -> dict[str, SimConsumer]:
        tags = TagsTwin(running.life, self.suite.broker)
        running.life.spawn(tags.run(), "known tags")
        handlers = Consumers(is_known=tags.knows, links=links, transactions=running.transactions, limits=LIMITS)
        social = running.consumer(
            "SOCIAL", receive_posts.CONSUMER, ["social.>"], consumers.SOCIAL_TYPES, handlers.social
        )
        running.life.spawn(_once_synced(tags, social), receive_posts.CONSUMER)
        started = {receive_posts.CONSUMER: social}
        for stream, durable, types, handler in (
            ("NOTIFIER", follow_orders.NOTIFIER_CONSUMER, consumers.NOTIFIER_TYPES, handlers.notifier),
            ("PAYMENTS", follow_orders.PAYMENTS_CONSUMER, consumers.PAYMENTS_TYPES, handlers.payments),
            ("IDENTITY", follow_orders.IDENTITY_CONSUMER, consumers.IDENTITY_TYPES, handlers.identity),
        ):
            started[durable] = running.consumer(stream, durable, reads(types), types, handler)
            running.life.spawn(started[durable].run(), durable)
        return started

    def _tick(self, life: Life, steps: SimSteps, clocks: Clocks) -> None:
        for name, tick, due in (
            ("steps", steps.poll_once, self._step_due),
            ("limits", clocks.limits_once, self._limit_due),
            ("expiry", partial(self._expire, clocks), self._expiry_due),
        ):
            life.spawn(poll(life, self.database, tick, due, name=name), name)

    async def _expire(self, clocks: Clocks) -> None:
        """Expire, and note while the network was dark: only then may a timely confirmation have been missed."""
        began = self.node.now()
        dark = is_dark(self._least(), at=began, limits=LIMITS)
        try:
            await clocks.expire_once()
        finally:  # also when the COMMIT's answer was lost
            if dark:
                self._dark.append((began, self.node.now()))

    def was_dark_at(self, at: datetime) -> bool:
        """Tell whether what expired then did so by the cap of a dark network."""
        return any(began <= at <= ended for began, ended in self._dark)

    def _least(self) -> datetime | None:
        return least_watermark({shard: at for (_, shard), at in self.store.watermarks.items()})

    def _step_due(self) -> datetime | None:
        return soonest([order.next_step_at for order in self.store.orders.values()])

    def _limit_due(self) -> datetime | None:
        return soonest([order.deadline_at for order in self.store.orders.values() if order.state in saga.TIMED])

    def _expiry_due(self) -> datetime | None:
        """Say when something may expire: by the watermark once it is far enough, else by the cap of a dark network."""
        waiting = [each for each in self.store.orders.values() if each.state is State.AWAITING_CONFIRMATION]
        deadline = soonest([each.deadline_at for each in waiting if each.early is None])
        if deadline is None:
            return None
        over = deadline + LIMITS.slack
        least = self._least()
        if least is not None and least >= over:
            return over
        dark = timedelta(0) if least is None else LIMITS.dark_max
        return max(over + LIMITS.dark_max, (least or BEGINNING) + dark)


async def _once_synced(tags: TagsTwin, social: SimConsumer) -> None:
    await tags.wait_until_synced()
    await social.run()
