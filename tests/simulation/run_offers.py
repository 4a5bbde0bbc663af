"""Offers, joined as its main does, over a memory store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from tests.simulation.database import Database, Due
from tests.simulation.polling import poll, soonest
from tests.simulation.stage import BEGINNING, Life, Node
from tests.simulation.suite import Suite, start

from chassis.idempotent_calls import AnswerOnce
from chassis.outages import is_outage
from offers.domain.hold import Hold, HoldState
from offers.domain.offer import Standing
from offers.inbound.hold_calls import HoldCalls
from offers.inbound.offers_servicer import OffersServicer
from offers.inbound.showing import Showing
from offers.outbound.memory import MemoryOffersStore, memory_requests_of
from offers.outbound.messages import hold_message, merchant_message, offer_message
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.gather_holds import HoldGatherer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.settle_holds import lapse_holds
from offers.usecases.watch_offers import OfferWatch

SHOWING = Showing(offer=offer_message, hold=hold_message, merchant=merchant_message)


class OffersRun:
    """The offers process: what outlives it, and how a life of it begins."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.node = Node(suite.stage, "offers", self._start)
        self._at = BEGINNING
        self.memory = MemoryOffersStore(lambda: self._at)
        self.store = self.memory.store
        self.database = Database(
            self.node, inner=self.memory.transactions, outbox=self.memory.outbox, set_clock=self._set_clock
        )

    def _set_clock(self, at: datetime) -> None:
        self._at = at

    def _start(self, life: Life) -> None:
        running = start(self.suite, life, self.database)
        transactions = running.transactions
        gatherer = HoldGatherer(lambda asked: hold_stock(asked, transactions=transactions), is_outage=is_outage)
        servicer = OffersServicer(
            transactions=transactions,
            once=AnswerOnce(transactions, requests=memory_requests_of),
            holds=HoldCalls(transactions=transactions, gatherer=gatherer, showing=SHOWING),
            watch=OfferWatch(transactions),
            showing=SHOWING,
            stopping=asyncio.Event(),
        )
        self.suite.switchboard.answer(life, servicer)
        ticks: list[tuple[str, Callable[[], Awaitable[object]], Due]] = [
            ("lapse-holds", lambda: lapse_holds(transactions=transactions), self._lapse_due),
            ("end-due-offers", lambda: end_due_offers(transactions=transactions), self._end_due),
        ]
        for name, tick, due in ticks:
            life.spawn(poll(life, self.database, tick, due, name=name), name)

    def _lapse_due(self) -> datetime | None:
        holds = [each for each in self.store.holds.values() if isinstance(each, Hold)]
        return soonest([each.lapse_at for each in holds if each.state is HoldState.HELD])

    def _end_due(self) -> datetime | None:
        published = [each for each in self.store.offers.values() if each.standing is not Standing.ENDED]
        return soonest([each.ends_at for each in published if each.standing is not Standing.DRAFT])
