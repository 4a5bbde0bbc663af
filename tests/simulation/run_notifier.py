"""The notifier, joined as its main does, over a memory store, the simulated X and the simulated mail server."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.simulation.consuming import reads
from tests.simulation.database import Database, SimTransactions
from tests.simulation.mailbox import Mailbox, SimComposer, SimMailer
from tests.simulation.polling import poll, soonest
from tests.simulation.run_orders import PAGE_KEY
from tests.simulation.stage import BEGINNING, Life, Node
from tests.simulation.suite import Running, Suite, start
from tests.simulation.x_posting import SimPosts
from tests.simulation.x_world import XWorld

from hashtill.offers.v1.events_pb2 import OfferPublished
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from kernel.ids import X
from notifier.domain.delivery import Channel, DeliveryState
from notifier.inbound.consumers import NewsHandler
from notifier.inbound.news import LINK_KINDS, ORDER_KINDS
from notifier.outbound.composing import Program
from notifier.outbound.memory import MemoryStore, at_once
from notifier.outbound.peers import IdentityContacts, OrdersPrompting
from notifier.outbound.templates import Templates
from notifier.usecases.send_mails import Mailing, send_mails
from notifier.usecases.send_posts import Posting, send_posts

LANES = 2
COMPOSER = SimComposer(
    Templates(),
    program=Program(
        name="AmexSync", sender="sync@hashtill.example", pages_url="https://pages.example", page_key=PAGE_KEY
    ),
)
_UNSENT = frozenset({DeliveryState.WAITING, DeliveryState.SENDING})


class NotifierRun:
    """The notifier process: what outlives it, and how a life of it begins."""

    def __init__(self, suite: Suite, world: XWorld, mailbox: Mailbox) -> None:
        self.suite, self._world, self._mailbox = suite, world, mailbox
        self.node = Node(suite.stage, "notifier", self._start)
        self.store = MemoryStore(at=BEGINNING)
        self.database = Database(
            self.node, inner=self.store.transactions(), outbox=self.store.outbox, set_clock=self._set_clock
        )

    def _set_clock(self, at: datetime) -> None:
        self.store.at = at

    def _start(self, life: Life) -> None:
        running = start(self.suite, life, self.database)
        contacts = IdentityContacts(running.stub("identity"))
        posting = Posting(
            networks={X: SimPosts(life, self._world)},
            composer=COMPOSER,
            orders=OrdersPrompting(running.stub("orders")),
            contacts=contacts,
        )
        self._send(life, running.transactions, posting, SimMailer(life, self._mailbox))
        kinds: tuple[tuple[str, Sequence[type[Any]]], ...] = (
            ("ORDERS", [*ORDER_KINDS, PurchaseRefused]),
            ("OFFERS", [OfferPublished]),
            ("IDENTITY", list(LINK_KINDS)),
        )
        for stream, types in kinds:
            self._consume(running, stream, types)

    def _send(self, life: Life, transactions: SimTransactions, posting: Posting, mailer: SimMailer) -> None:
        async def posts() -> object:
            return await send_posts(transactions=transactions, posting=posting, patiently=at_once)

        mailing = Mailing(contacts=posting.contacts, composer=COMPOSER, mailer=mailer)

        async def mails() -> object:
            return await send_mails(transactions=transactions, mailing=mailing, patiently=at_once)

        life.spawn(poll(life, self.database, mails, self._mail_due, name="mails"), "mails")
        for _ in range(LANES):
            life.spawn(poll(life, self.database, posts, self._post_due, name="posts"), "posts")

    def _consume(self, running: Running, stream: str, types: Sequence[type[Any]]) -> None:
        durable = f"notifier-{stream.lower()}"
        handler = NewsHandler(running.transactions, consumer=durable, wake_posts=lambda: None, wake_mails=lambda: None)
        running.life.spawn(running.consumer(stream, durable, reads(types), types, handler).run(), durable)

    def _post_due(self) -> datetime | None:
        return self._due({Channel.POST, Channel.REPLY})

    def _mail_due(self) -> datetime | None:
        return self._due({Channel.MAIL})

    def _due(self, channels: set[Channel]) -> datetime | None:
        rows = self.store.deliveries.values()
        return soonest([each.next_at for each in rows if each.state in _UNSENT and each.channel in channels])
