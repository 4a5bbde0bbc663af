"""Joins payments: database, vault, processor, streams, workers, the card page and the gRPC server."""

from functools import partial

from aiohttp import ClientSession, TCPConnector
from nats.aio.client import Client

from chassis.grpc_server import GrpcServer
from chassis.jetstream import connect, ensure_streams
from chassis.lifecycle import Lifecycle
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.outages import is_outage
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.watchdog import Watchdog
from chassis.workers import Worker
from hashtill.payments.v1.payments_service_pb2_grpc import add_PaymentsServiceServicer_to_server
from payments.inbound.card_page import CardPage
from payments.inbound.card_servicer import PageAddresses
from payments.inbound.page_site import PageSite
from payments.inbound.reconciling import EVERY_SECONDS, Reconciler
from payments.inbound.servicer import PaymentsServicer
from payments.outbound.http_processor import HttpProcessor
from payments.outbound.inprocess_processor import InProcessProcessor
from payments.outbound.keys import NoKms, open_keyset, read_fingerprint_key
from payments.outbound.postgres import PostgresTransactions, requests_of
from payments.outbound.vault import HmacFingerprints, Vault
from payments.settings import Settings
from payments.usecases.charge_desk import ChargeDesk
from payments.usecases.enter_card import CardDesk
from payments.usecases.forget_sessions import forget_sessions
from payments.usecases.lapse_charges import lapse_charges
from payments.usecases.ports import Processor
from payments.usecases.settle_operations import settle_operations
from payments.usecases.watch_operations import watch_operations

CONNECTIONS_MAX = 32
"""To the processor: 8 calls of each of four kinds at once."""

LAPSE_POLL_SECONDS = 1.0
"""An authorization lives for days; one second late is early enough."""

FORGET_POLL_SECONDS = 600.0


async def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    await run_migrations(settings.database_url, package="payments")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Join the parts and start them; the process is ready when this returns."""
    vault = Vault(await open_keyset(settings.vault_keyset, kms=NoKms()))
    fingerprints = HmacFingerprints(read_fingerprint_key(settings.fingerprint_key))
    database = Database.open(settings.database_url, application_name="payments")
    lifecycle.on_stop("database", database.close)
    await lifecycle.wait_for("PostgreSQL", database.answers, remedy="Start it, or correct HASHTILL_DATABASE_URL.")
    await migrate(settings)
    nats = await connect(settings.nats_url, name="payments")
    lifecycle.on_stop("nats", nats.close)
    await ensure_streams(nats, replicas=settings.stream_replicas)
    await _add_messages(settings, lifecycle, database, nats)
    processor = _processor(settings, lifecycle)
    transactions = PostgresTransactions(database=database, vault=vault)
    desk = CardDesk(transactions=transactions, processor=processor, fingerprints=fingerprints)
    await _add_page(settings, lifecycle, desk)
    await _add_calls(settings, lifecycle, transactions, processor)


async def _add_messages(settings: Settings, lifecycle: Lifecycle, database: Database, nats: Client) -> None:
    maintenance = Maintenance(database)
    await maintenance.run_once()
    lifecycle.add_worker("maintenance", maintenance.run)
    lifecycle.add_worker("relay", Relay(database, nats, replicas=settings.stream_replicas).run)


def _processor(settings: Settings, lifecycle: Lifecycle) -> Processor:
    if settings.processor_wire == "inprocess":
        return InProcessProcessor()
    session = ClientSession(connector=TCPConnector(limit=CONNECTIONS_MAX))
    lifecycle.on_stop("processor", session.close)
    return HttpProcessor(session, url=settings.processor_url, key=settings.processor_key)


async def _add_page(settings: Settings, lifecycle: Lifecycle, desk: CardDesk) -> None:
    origins = _addresses(settings).return_origins
    page = CardPage(desk=desk, return_origins=origins, test_card=settings.show_test_card)
    await lifecycle.add_server(PageSite(settings.pages_listen, page.application()))
    forget = Worker(lambda: forget_sessions(transactions=desk.transactions), poll_seconds=FORGET_POLL_SECONDS)
    lifecycle.add_worker("forget-sessions", forget.run)


async def _add_calls(
    settings: Settings, lifecycle: Lifecycle, transactions: PostgresTransactions, processor: Processor
) -> None:
    settler = Worker(lambda: settle_operations(transactions=transactions, processor=processor))

    async def lapse() -> bool:
        lapsed = await lapse_charges(transactions=transactions)
        if lapsed:
            settler.wake()
        return lapsed

    lifecycle.add_worker("settle-operations", settler.run)
    if isinstance(processor, HttpProcessor):
        reconciler = Reconciler(transactions=transactions, processor=processor)
        lifecycle.add_worker("reconcile", Worker(reconciler.run_once, poll_seconds=EVERY_SECONDS).run)
    operations = Watchdog("operations", partial(watch_operations, transactions=transactions))
    lifecycle.add_worker("watchdog", operations.run)
    lifecycle.add_worker("lapse-charges", Worker(lapse, poll_seconds=LAPSE_POLL_SECONDS).run)
    desk = ChargeDesk(transactions=transactions, processor=processor, is_outage=is_outage, wake_settler=settler.wake)
    lifecycle.on_stop("charge-desk", desk.drain)
    servicer = PaymentsServicer(transactions, requests=requests_of, desk=desk, addresses=_addresses(settings))
    await lifecycle.add_server(
        GrpcServer(settings.listen, [(add_PaymentsServiceServicer_to_server, servicer)], health=lifecycle.health)
    )


def _addresses(settings: Settings) -> PageAddresses:
    origins = frozenset(settings.return_origins.lower().split())
    return PageAddresses(pages_url=settings.pages_url.rstrip("/"), return_origins=origins)
