"""Payments, joined as its main does, over a memory store and the simulated processor."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from tests.simulation.database import Database, Due
from tests.simulation.polling import poll, soonest
from tests.simulation.processor import SimProcessor
from tests.simulation.stage import BEGINNING, Life, Node
from tests.simulation.suite import Suite, start

from chassis.memory import MemoryRequests
from chassis.outages import is_outage
from payments.domain.charge import ChargeState
from payments.inbound.card_servicer import PageAddresses
from payments.inbound.servicer import PaymentsServicer
from payments.outbound.memory import MemoryStore, MemoryUnit
from payments.usecases.charge_desk import ChargeDesk
from payments.usecases.lapse_charges import lapse_charges
from payments.usecases.settle_operations import settle_operations


class PaymentsRun:
    """The payments process: what outlives it, and how a life of it begins."""

    def __init__(self, suite: Suite, processor: SimProcessor) -> None:
        self.suite, self._processor = suite, processor
        self.node = Node(suite.stage, "payments", self._start)
        self.store = MemoryStore(at=BEGINNING)
        self.database = Database(
            self.node, inner=self.store.transactions(), outbox=self.store.outbox, set_clock=self._set_clock
        )

    def _set_clock(self, at: datetime) -> None:
        self.store.at = at

    def _start(self, life: Life) -> None:
        transactions = start(self.suite, life, self.database).transactions
        processor = self._processor.seen_by(life)
        desk = ChargeDesk(
            transactions=transactions, processor=processor, is_outage=is_outage, wake_settler=lambda: None
        )
        addresses = PageAddresses(pages_url="https://pages.example", return_origins=frozenset())
        servicer = PaymentsServicer(transactions, requests=_requests_of, desk=desk, addresses=addresses)
        self.suite.switchboard.answer(life, servicer)
        ticks: list[tuple[str, Callable[[], Awaitable[object]], Due]] = [
            (
                "settle-operations",
                lambda: settle_operations(transactions=transactions, processor=processor),
                self._operation_due,
            ),
            ("lapse-charges", lambda: lapse_charges(transactions=transactions), self._lapse_due),
        ]
        for name, tick, due in ticks:
            life.spawn(poll(life, self.database, tick, due, name=name), name)

    def _operation_due(self) -> datetime | None:
        return soonest([each.due_at for each in self.store.operations.values()])

    def _lapse_due(self) -> datetime | None:
        held = [each for each in self.store.charges.values() if each.state is ChargeState.AUTHORIZED]
        return soonest([each.expires_at for each in held])


def _requests_of(unit: MemoryUnit, _scope: str) -> MemoryRequests:
    return unit.requests
