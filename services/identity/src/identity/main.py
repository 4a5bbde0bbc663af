"""Joins identity: database, streams, consumers, the networks, payments, and the gRPC server."""

from functools import partial

from aiohttp import ClientSession
from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.grpc_client import open_channel
from chassis.grpc_server import GrpcServer
from chassis.jetstream import connect, ensure_streams
from chassis.lifecycle import Lifecycle
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.workers import Worker
from hashtill.identity.v1.identity_service_pb2_grpc import add_IdentityServiceServicer_to_server
from hashtill.orders.v1.events_pb2 import OrderDisowned
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from hashtill.social.v1.social_post_pb2 import AccountRevoked
from identity.domain.authorization import OAuthApp
from identity.inbound.consumers import LinkEvents
from identity.inbound.link_servicer import LinkParts
from identity.inbound.servicer import IdentityServicer
from identity.outbound.payments_cards import PaymentsCards
from identity.outbound.postgres import PostgresTransactions, requests_of
from identity.outbound.seal import Seal
from identity.outbound.x_accounts import XAccounts, XApp
from identity.settings import Settings
from identity.usecases.end_links import REVOKED_CONSUMER
from identity.usecases.forget_authorizations import forget_authorizations
from identity.usecases.freeze_link import DISOWNED_CONSUMER
from identity.usecases.withdraw_access import withdraw_access
from kernel.ids import X

WITHDRAW_POLL_SECONDS = 5.0
"""Nobody waits for a withdrawn token; the network's revoke endpoint is rate limited."""

FORGET_POLL_SECONDS = 600.0
"""They are of no use after ten minutes, and few."""

_X_SCOPES = ("users.read", "tweet.read", "offline.access")
"""What a link needs: who it is, that posts are public, and access that lasts until it is withdrawn."""


async def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    await run_migrations(settings.database_url, package="identity")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Join the parts and start them; the process is ready when this returns."""
    database = Database.open(settings.database_url, application_name="identity")
    lifecycle.on_stop("database", database.close)
    await lifecycle.wait_for("PostgreSQL", database.answers, remedy="Start it, or correct HASHTILL_DATABASE_URL.")
    await migrate(settings)
    nats = await connect(settings.nats_url, name="identity")
    lifecycle.on_stop("nats", nats.close)
    await ensure_streams(nats, replicas=settings.stream_replicas)
    transactions = PostgresTransactions(database=database, seal=Seal(settings.seal_key))
    await _add_messages(settings, lifecycle, database, nats)
    _follow_events(lifecycle, database, nats, transactions)
    await _add_calls(settings, lifecycle, transactions)


async def _add_messages(settings: Settings, lifecycle: Lifecycle, database: Database, nats: Client) -> None:
    maintenance = Maintenance(database)
    await maintenance.run_once()
    lifecycle.add_worker("maintenance", maintenance.run)
    lifecycle.add_worker("relay", Relay(database, nats, replicas=settings.stream_replicas).run)


def _follow_events(lifecycle: Lifecycle, database: Database, nats: Client, transactions: PostgresTransactions) -> None:
    events = LinkEvents(transactions)
    disowned = BatchConsumer(
        nats,
        database,
        stream="ORDERS",
        durable=DISOWNED_CONSUMER,
        subjects=["hashtill.orders.v1.order_disowned.>"],
        types=[OrderDisowned],
        handler=events.disowned,
    )
    revoked = BatchConsumer(
        nats,
        database,
        stream="SOCIAL",
        durable=REVOKED_CONSUMER,
        subjects=["social.*.accounts.*"],
        types=[AccountRevoked],
        handler=events.revoked,
    )
    lifecycle.add_worker(DISOWNED_CONSUMER, disowned.run)
    lifecycle.add_worker(REVOKED_CONSUMER, revoked.run)


async def _add_calls(settings: Settings, lifecycle: Lifecycle, transactions: PostgresTransactions) -> None:
    session = ClientSession()
    lifecycle.on_stop("x", session.close)
    channel = open_channel(settings.payments_target)
    lifecycle.on_stop("payments", partial(channel.close, None))
    networks = {X: XAccounts(session, app=_x_app(settings))}
    withdrawals = Worker(
        lambda: withdraw_access(transactions=transactions, networks=networks), poll_seconds=WITHDRAW_POLL_SECONDS
    )
    lifecycle.add_worker("withdraw-access", withdrawals.run)
    forgetting = Worker(lambda: forget_authorizations(transactions=transactions), poll_seconds=FORGET_POLL_SECONDS)
    lifecycle.add_worker("forget-authorizations", forgetting.run)
    parts = LinkParts(
        apps={X: _oauth_app(settings)},
        networks=networks,
        cards=PaymentsCards(PaymentsServiceStub(channel)),
        programme_country=settings.programme_country,
    )
    servicer = IdentityServicer(transactions, requests=requests_of, parts=parts)
    await lifecycle.add_server(
        GrpcServer(settings.listen, [(add_IdentityServiceServicer_to_server, servicer)], health=lifecycle.health)
    )


def _x_app(settings: Settings) -> XApp:
    return XApp(
        api_url=settings.x_api_url,
        client_id=settings.x_client_id,
        client_secret=settings.x_client_secret,
        redirect_uri=settings.x_redirect_uri,
    )


def _oauth_app(settings: Settings) -> OAuthApp:
    return OAuthApp(
        authorize_url=settings.x_authorize_url,
        client_id=settings.x_client_id,
        redirect_uri=settings.x_redirect_uri,
        scopes=_X_SCOPES,
    )
