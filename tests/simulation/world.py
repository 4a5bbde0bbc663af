"""The world: six services, the broker between them, X, the processor and the mailbox around them, from one seed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.simulation.broker import Broker
from tests.simulation.calls import Switchboard
from tests.simulation.mailbox import Mailbox
from tests.simulation.people import Person, link_all, offer_all
from tests.simulation.processor import SimProcessor
from tests.simulation.run_gateway import GatewayRun
from tests.simulation.run_identity import IdentityRun
from tests.simulation.run_notifier import NotifierRun
from tests.simulation.run_offers import OffersRun
from tests.simulation.run_orders import OrdersRun
from tests.simulation.run_payments import PaymentsRun
from tests.simulation.stage import Stage
from tests.simulation.suite import Suite
from tests.simulation.x_world import XWorld

from orders.domain.states import State

SET_UP_SECONDS = 40.0
"""Until everything is up: tags known, accounts watched, both streams open."""

CLOSE_SECONDS = 1.0
"""A session that is cancelled still writes what it heard, for 0.8 s at most."""

_WAITS_FOR_POSTS = frozenset({State.PROMPTING, State.AWAITING_CONFIRMATION})


class World:
    """Everything, and the services' own databases to look into."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.broker = Broker(stage)
        self.suite = Suite(stage=stage, broker=self.broker, switchboard=Switchboard(stage))
        self.x, self.mailbox, self.processor = XWorld(stage), Mailbox(stage), SimProcessor(stage)
        self.identity = IdentityRun(self.suite)
        self.offers = OffersRun(self.suite)
        self.orders = OrdersRun(self.suite)
        self.payments = PaymentsRun(self.suite, self.processor)
        self.notifier = NotifierRun(self.suite, self.x, self.mailbox)
        self.gateway = GatewayRun(self.suite, self.x)
        self.tellers: dict[int, Any] = {}
        """Each story's teller, by its number."""
        self.telling: list[asyncio.Task[None]] = []
        self.runs = (self.identity, self.offers, self.orders, self.payments, self.notifier, self.gateway)

    def set_up(self, people: Sequence[Person]) -> None:
        """Start all, publish the offers and link the people, in fair weather."""
        for node in self.stage.nodes.values():
            node.boot()
        self.stage.loop.run_until_complete(link_all(self, people))
        self.stage.loop.run_until_complete(offer_all(self))
        self.stage.loop.run_until(SET_UP_SECONDS)

    def run_for(self, time: timedelta) -> None:
        """Let time pass."""
        self.stage.loop.run_until(self.stage.loop.time() + time.total_seconds())

    def waits_for_posts(self) -> bool:
        """Tell whether any order still waits for what is posted."""
        return any(order.state in _WAITS_FOR_POSTS for order in self.orders.store.orders.values())

    def step_clock(self, name: str, *, off: timedelta) -> None:
        """Step a process's and its database's clock to be so far from the true time; whoever waits looks again."""
        run = next(each for each in self.runs if each.node.name == name)
        run.node.clock_off = off
        for follower in run.database.followers:
            follower.changed.set()

    def close(self) -> None:
        """End every process and story, so that nothing is left hanging."""
        for task in self.telling:
            task.cancel()
        for node in self.stage.nodes.values():
            if node.life is not None:
                node.life.end()
        self.stage.loop.run_until(self.stage.loop.time() + CLOSE_SECONDS)
