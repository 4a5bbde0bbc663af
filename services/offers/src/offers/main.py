"""Joins offers' parts: the use cases to PostgreSQL, gRPC, the relay and the workers."""

from functools import partial

from chassis.grpc_server import GrpcServer
from chassis.idempotent_calls import AnswerOnce
from chassis.jetstream import connect, ensure_streams
from chassis.lifecycle import Lifecycle
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.outages import is_outage
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.watchdog import Watchdog
from chassis.workers import Worker
from hashtill.offers.v1.offers_service_pb2_grpc import add_OffersServiceServicer_to_server
from offers.inbound.hold_calls import HoldCalls
from offers.inbound.offers_servicer import OffersServicer
from offers.inbound.showing import Showing
from offers.outbound.facts import KNOWN_TAGS
from offers.outbound.messages import hold_message, merchant_message, offer_message
from offers.outbound.postgres import PostgresTransactions, rebuild_known_tags, requests_of
from offers.settings import Settings
from offers.usecases.end_due_offers import end_due_offers
from offers.usecases.forget_tags import forget_tags
from offers.usecases.gather_holds import HoldGatherer
from offers.usecases.hold_stock import hold_stock
from offers.usecases.ports import Transactions
from offers.usecases.settle_holds import lapse_holds, watch_holds
from offers.usecases.watch_offers import LOOK_SECONDS, OfferWatch

SHOWING = Showing(offer=offer_message, hold=hold_message, merchant=merchant_message)

END_SECONDS = 0.5
"""An offer ends within half a second of its window; holds are judged by the post's time, so nothing depends on it."""

LAPSE_SECONDS = 1.0
"""A hold lapses after an hour; a second more is nobody's loss."""

FORGET_SECONDS = 60.0
"""A tag is forgotten after thirty days."""


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Start offers; ready when this returns."""
    database = Database.open(settings.database_url, application_name="offers")
    lifecycle.on_stop("database", database.close)
    remedy = "Start it, or correct HASHTILL_DATABASE_URL."
    await lifecycle.wait_for("PostgreSQL", database.answers, remedy=remedy)
    await migrate(settings)
    await _start_messages(settings, lifecycle, database)
    transactions = PostgresTransactions(database=database)
    _start_workers(lifecycle, transactions)
    await _start_server(settings, lifecycle, database)


async def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    await run_migrations(settings.database_url, package="offers")


async def _start_messages(settings: Settings, lifecycle: Lifecycle, database: Database) -> None:
    nats = await connect(settings.nats_url, name="offers")
    lifecycle.on_stop("nats", nats.close)
    await ensure_streams(nats, replicas=settings.stream_replicas)
    maintenance = Maintenance(database)
    await maintenance.run_once()
    lifecycle.add_worker("maintenance", maintenance.run)
    relay = Relay(database, nats, replicas=settings.stream_replicas, rebuild={KNOWN_TAGS: rebuild_known_tags})
    lifecycle.add_worker("relay", relay.run)


def _start_workers(lifecycle: Lifecycle, transactions: Transactions) -> None:
    async def end() -> bool:
        return bool(await end_due_offers(transactions=transactions))

    async def lapse() -> bool:
        return bool(await lapse_holds(transactions=transactions))

    async def forget() -> bool:
        return bool(await forget_tags(transactions=transactions))

    lifecycle.add_worker("end-due-offers", Worker(end, poll_seconds=END_SECONDS).run)
    lifecycle.add_worker("lapse-holds", Worker(lapse, poll_seconds=LAPSE_SECONDS).run)
    lifecycle.add_worker("watchdog", Watchdog("holds", partial(watch_holds, transactions=transactions)).run)
    lifecycle.add_worker("forget-tags", Worker(forget, poll_seconds=FORGET_SECONDS).run)


async def _start_server(settings: Settings, lifecycle: Lifecycle, database: Database) -> None:
    watch = OfferWatch(PostgresTransactions(database=database), watchers_max=settings.watchers_max)
    looking = Worker(watch.run_once, poll_seconds=LOOK_SECONDS)
    transactions = PostgresTransactions(database=database, committed=looking.wake)
    gatherer = HoldGatherer(lambda asked: hold_stock(asked, transactions=transactions), is_outage=is_outage)
    servicer = OffersServicer(
        transactions=transactions,
        once=AnswerOnce(transactions, requests=requests_of),
        holds=HoldCalls(transactions=transactions, gatherer=gatherer, showing=SHOWING),
        watch=watch,
        showing=SHOWING,
        stopping=lifecycle.stopping,
    )
    lifecycle.add_worker("watch-offers", looking.run)
    lifecycle.on_stop("holds", gatherer.drain)
    server = GrpcServer(settings.listen, [(add_OffersServiceServicer_to_server, servicer)], health=lifecycle.health)
    await lifecycle.add_server(server)
