"""Joins the notifier: database, streams, consumers, senders, their wires, and the gRPC server."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import ClientSession, TCPConnector
from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.grpc_client import open_channel
from chassis.grpc_server import GrpcServer
from chassis.jetstream import connect, ensure_streams
from chassis.lifecycle import Lifecycle
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.outbox import subject_stem
from chassis.patience import through_outages
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.watchdog import Watchdog
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill.notifier.v1.notifier_service_pb2_grpc import add_NotifierServiceServicer_to_server
from hashtill.offers.v1.events_pb2 import OfferPublished
from hashtill.orders.v1.events_pb2 import PurchaseRefused
from hashtill.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from kernel.ids import X
from kernel.secret import Secret
from notifier.inbound.consumers import NewsHandler
from notifier.inbound.news import LINK_KINDS, ORDER_KINDS
from notifier.inbound.sending import Lanes, LeasedPosts
from notifier.inbound.servicer import NotifierServicer
from notifier.outbound.composing import Program, TemplateComposer
from notifier.outbound.inprocess import InProcessMailer, InProcessPosts
from notifier.outbound.peers import IdentityContacts, OrdersPrompting
from notifier.outbound.postgres import PostgresTransactions
from notifier.outbound.smtp import CONNECTIONS_MAX, MailServer, SmtpMailer
from notifier.outbound.templates import Templates
from notifier.outbound.x_posts import ProgramAccount, XPosts
from notifier.settings import Settings
from notifier.usecases.ports import Mailer, SocialPosts
from notifier.usecases.send_mails import BATCH_MAX as MAILS_MAX
from notifier.usecases.send_mails import Mailing, send_mails
from notifier.usecases.send_posts import BATCH_MAX as POSTS_MAX
from notifier.usecases.send_posts import Posting, send_posts
from notifier.usecases.watch_deliveries import watch_deliveries

LANES = 2
"""Of posts and of mails: while one batch is with the network or the mail server, the next is leased and composed."""

POSTS_IN_FLIGHT_MAX = 64
"""Enough for 1,000 posts a second at X's usual answer; a batch is two rounds of it at most."""


async def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    await run_migrations(settings.database_url, package="notifier")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Join the parts and start them; the process is ready when this returns."""
    templates = Templates()
    templates.check()
    database = Database.open(settings.database_url, application_name="notifier")
    lifecycle.on_stop("database", database.close)
    await lifecycle.wait_for("PostgreSQL", database.answers, remedy="Start it, or correct HASHTILL_DATABASE_URL.")
    await migrate(settings)
    nats = await connect(settings.nats_url, name="notifier")
    lifecycle.on_stop("nats", nats.close)
    await ensure_streams(nats, replicas=settings.stream_replicas)
    maintenance = Maintenance(database)
    await maintenance.run_once()
    lifecycle.add_worker("maintenance", maintenance.run)
    lifecycle.add_worker("relay", Relay(database, nats, replicas=settings.stream_replicas).run)
    transactions = PostgresTransactions(database=database)
    composer = TemplateComposer(templates, program=_program(settings))
    posts, mails = _senders(settings, lifecycle, transactions, composer)
    for name, lanes in (("posts", posts), ("mails", mails)):
        for lane, worker in enumerate(lanes.workers):
            lifecycle.add_worker(f"{name}-{lane}", worker.run)
    for name, consumer in _consumers(database, nats, transactions, posts=posts, mails=mails).items():
        lifecycle.add_worker(name, consumer.run)
    waiting = Watchdog("deliveries", partial(watch_deliveries, transactions=transactions))
    lifecycle.add_worker("watchdog", waiting.run)
    servicer = NotifierServicer(transactions)
    await lifecycle.add_server(
        GrpcServer(settings.listen, [(add_NotifierServiceServicer_to_server, servicer)], health=lifecycle.health)
    )


def _senders(
    settings: Settings, lifecycle: Lifecycle, transactions: PostgresTransactions, composer: TemplateComposer
) -> tuple[Lanes, Lanes]:
    identity, orders = open_channel(settings.identity_target), open_channel(settings.orders_target)
    lifecycle.ready_after_peer("identity", identity)
    lifecycle.ready_after_peer("orders", orders)
    contacts = IdentityContacts(IdentityServiceStub(identity))
    network, mailer = _wires(settings, lifecycle)
    posting = Posting(
        networks={X: network},
        composer=composer,
        orders=OrdersPrompting(OrdersServiceStub(orders)),
        contacts=contacts,
    )

    patiently = partial(through_outages, what="outcomes", stop=lifecycle.stopping)

    mailing = Mailing(contacts=contacts, composer=composer, mailer=mailer)

    async def one_batch_of_mails() -> int:
        return await send_mails(transactions=transactions, mailing=mailing, patiently=patiently)

    mails = Lanes(one_batch_of_mails, full=MAILS_MAX, count=LANES)

    async def one_batch_of_posts() -> int:
        sent = await send_posts(transactions=transactions, posting=posting, patiently=patiently)
        if sent:
            mails.wake()
        return sent

    writer = LeasedPosts(settings.database_url, one_batch_of_posts)
    lifecycle.on_stop("posting lease", writer.give_back)
    return Lanes(writer.run_once, full=POSTS_MAX, count=LANES), mails


def _wires(settings: Settings, lifecycle: Lifecycle) -> tuple[SocialPosts, Mailer]:
    if settings.notifier_wire == "inprocess":
        if not settings.bench:
            raise ValueError("HASHTILL_NOTIFIER_WIRE=inprocess says nothing to anybody; it needs HASHTILL_BENCH=1.")
        return InProcessPosts(), InProcessMailer()
    session = ClientSession(connector=TCPConnector(limit=POSTS_IN_FLIGHT_MAX))
    lifecycle.on_stop("x", session.close)
    account = ProgramAccount(api_url=settings.x_api_url, access_token=settings.x_access_token)
    mailer = SmtpMailer(_mail_server(settings))
    lifecycle.on_stop(f"smtp ({CONNECTIONS_MAX} connections)", mailer.close)
    return XPosts(session, account=account), mailer


def _consumers(
    database: Database, nats: Client, transactions: PostgresTransactions, *, posts: Lanes, mails: Lanes
) -> Mapping[str, BatchConsumer]:
    def consumer(stream: str, types: Sequence[type[Any]]) -> BatchConsumer:
        durable = f"notifier-{stream.lower()}"
        handler = NewsHandler(transactions, consumer=durable, wake_posts=posts.wake, wake_mails=mails.wake)
        return BatchConsumer(
            nats,
            database,
            stream=stream,
            durable=durable,
            subjects=[f"{subject_stem(each.DESCRIPTOR.full_name)}.*" for each in types],
            types=types,
            handler=handler,
        )

    return {
        "orders-news": consumer("ORDERS", [*ORDER_KINDS, PurchaseRefused]),
        "offers-news": consumer("OFFERS", [OfferPublished]),
        "identity-news": consumer("IDENTITY", list(LINK_KINDS)),
    }


def _program(settings: Settings) -> Program:
    return Program(
        name=settings.program_name,
        sender=settings.mail_sender,
        pages_url=settings.pages_url.rstrip("/"),
        page_key=Secret(settings.page_key.reveal().encode()),
    )


def _mail_server(settings: Settings) -> MailServer:
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_sender,
        username=settings.smtp_username,
        password=settings.smtp_password,
        start_tls=settings.smtp_start_tls,
    )
