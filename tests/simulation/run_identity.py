"""Identity, joined as its main does, over a memory store; nobody links anew here: no network, no card is asked."""

from datetime import datetime
from typing import Any

from tests.simulation.database import Database
from tests.simulation.stage import BEGINNING, Life, Node
from tests.simulation.suite import Suite, start

from chassis.memory import MemoryRequests
from hashtill.orders.v1.events_pb2 import OrderDisowned
from hashtill.social.v1.social_post_pb2 import AccountRevoked
from identity.inbound.consumers import LinkEvents
from identity.inbound.link_servicer import LinkParts
from identity.inbound.servicer import IdentityServicer
from identity.outbound.memory import MemoryStore, MemoryUnit
from identity.outbound.payments_cards import PaymentsCards
from identity.usecases.end_links import REVOKED_CONSUMER
from identity.usecases.freeze_link import DISOWNED_CONSUMER


class IdentityRun:
    """The identity process: what outlives it, and how a life of it begins."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.node = Node(suite.stage, "identity", self._start)
        self.store = MemoryStore(at=BEGINNING)
        self.database = Database(
            self.node, inner=self.store.transactions(), outbox=self.store.outbox, set_clock=self._set_clock
        )

    def _set_clock(self, at: datetime) -> None:
        self.store.at = at

    def _start(self, life: Life) -> None:
        running = start(self.suite, life, self.database)
        parts = LinkParts(apps={}, networks={}, cards=PaymentsCards(running.stub("payments")), programme_country="US")
        servicer = IdentityServicer(running.transactions, requests=_requests_of, parts=parts)
        self.suite.switchboard.answer(life, servicer)
        events: Any = LinkEvents(running.transactions)
        for stream, durable, subject, kind, handler in (
            ("ORDERS", DISOWNED_CONSUMER, "hashtill.orders.v1.order_disowned.>", OrderDisowned, events.disowned),
            ("SOCIAL", REVOKED_CONSUMER, "social.x.accounts.*", AccountRevoked, events.revoked),
        ):
            consumer = running.consumer(stream, durable, [subject], [kind], handler)
            life.spawn(consumer.run(), durable)


def _requests_of(unit: MemoryUnit, _scope: str) -> MemoryRequests:
    return unit.requests
