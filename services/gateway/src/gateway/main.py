"""The gateway, joined: database, events, X, and what answers; the only file that knows all rooms."""

from datetime import UTC, datetime, timedelta

import aiohttp
from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.grpc_client import open_channel
from chassis.grpc_server import GrpcServer
from chassis.jetstream import connect, ensure_streams
from chassis.lease import PostgresLease
from chassis.lifecycle import Lifecycle
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.workers import Worker
from gateway.domain.rules import ENTERPRISE, SELF_SERVE
from gateway.inbound.clocks import earlier_of
from gateway.inbound.events import LINK_SUBJECTS, LINK_TYPES, PROMPT_SUBJECTS, PROMPT_TYPES, LinkEvents, PromptEvents
from gateway.inbound.known_tags import KnownTags
from gateway.inbound.pages.parts import PageOptions, PageParts
from gateway.inbound.pages.site import PagesSite
from gateway.inbound.reading import Reading
from gateway.inbound.session import NetworkPorts, Options, Session
from gateway.inbound.social_service import SocialServicer
from gateway.inbound.stream_reader import Pace
from gateway.outbound.peers import Channels, peers_over
from gateway.outbound.postgres import PostgresTransactions
from gateway.outbound.x.accounts import XAccounts
from gateway.outbound.x.api import XApi
from gateway.outbound.x.archive import XArchive
from gateway.outbound.x.rule_book import XRuleBook
from gateway.outbound.x.streams import activity_stream, filtered_stream
from gateway.outbound.x.subscriptions import XSubscriptions
from gateway.settings import Settings
from gateway.usecases.close_gap import Reach
from gateway.usecases.forget_posts import forget_posts
from gateway.usecases.tally import Tally
from hashtill.social.v1.social_service_pb2_grpc import add_SocialServiceServicer_to_server
from kernel.ids import X
from kernel.secret import Secret

SILENT_HEARTBEATS = 1.2
"""X says to reconnect when 20 s bring no byte; a fifth more forgives a late one."""

SUBSCRIPTIONS_MAX = {"self_serve": 1_500, "enterprise": 75_000}
"""X's own limits."""


FORGET_EVERY_SECONDS = 3_600.0
"""A day's posts are forgotten in a few seconds of each hour."""


async def migrate(settings: Settings) -> None:
    """Bring the gateway's database to the newest schema."""
    await run_migrations(settings.database_url, package="gateway")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Build and join the parts; ready after the first sync of known tags."""
    database, client = await _open(settings, lifecycle)
    await database.now()  # so that the sessions' clock has one to keep
    transactions = PostgresTransactions(database, network=X)
    known = KnownTags(client)
    network = _network(settings, lifecycle)
    tally = Tally()
    prompts = _follow_prompts(client, database, lifecycle, transactions=transactions)

    def new_session() -> Session:
        return Session(
            network=network,
            options=_options(settings),
            known_tags=lambda: known.tags,
            transactions=transactions,
            tally=tally,
            clock=earlier_of(lambda: datetime.now(UTC), database.kept_now),
            prompts=prompts,
        )

    reading = Reading(
        PostgresLease(settings.database_url, name=X), may_begin=known.model.is_synced, new_session=new_session
    )
    known.on_change(reading.tags_changed)
    lifecycle.add_worker("known-tags", known.model.run)
    lifecycle.ready_after(
        "known-tags", known.model.is_synced, remedy="The bucket known_tags comes with NATS: see HASHTILL_NATS_URL."
    )
    _follow_links(client, database, lifecycle, reading=reading, transactions=transactions)
    lifecycle.add_worker("reading", reading.run)
    forgetting = Worker(lambda: _forget(database, transactions), poll_seconds=FORGET_EVERY_SECONDS)
    lifecycle.add_worker("forgetting", forgetting.run)
    servicer = SocialServicer(network=X, live=lambda: reading.progress, tally=tally, transactions=transactions)
    await lifecycle.add_server(
        GrpcServer(settings.listen, [(add_SocialServiceServicer_to_server, servicer)], health=lifecycle.health)
    )
    await _serve_pages(settings, lifecycle)


async def _serve_pages(settings: Settings, lifecycle: Lifecycle) -> None:
    """Answer the pages; peers that are away make a page say so, they do not keep the gateway from being ready."""
    channels = Channels(
        identity=open_channel(settings.identity_target),
        offers=open_channel(settings.offers_target),
        orders=open_channel(settings.orders_target),
        payments=open_channel(settings.payments_target),
    )
    lifecycle.on_stop("peers", channels.close)
    options = PageOptions(
        base_url=settings.pages_url or f"http://{settings.pages_listen}",
        program_name=settings.program_name,
        program_handle=settings.program_handle,
        terms_version=settings.terms_version,
        page_key=Secret(settings.page_key.reveal().encode()),
        cookie_domain=settings.cookie_domain,
    )
    parts = PageParts(peers=peers_over(channels), options=options, stopping=lifecycle.stopping)
    site = PagesSite(settings.pages_listen, parts)
    lifecycle.add_worker("offers-board", site.board.run)
    await lifecycle.add_server(site)


async def _forget(database: Database, transactions: PostgresTransactions) -> bool:
    return await forget_posts(at=await database.now(), transactions=transactions)


async def _open(settings: Settings, lifecycle: Lifecycle) -> tuple[Database, Client]:
    """Open the database and NATS and carry the outbox between them."""
    database = Database.open(settings.database_url, application_name="gateway")
    lifecycle.on_stop("database", database.close)
    await lifecycle.wait_for("PostgreSQL", database.answers, remedy="Start it, or correct HASHTILL_DATABASE_URL.")
    await migrate(settings)
    client = await connect(settings.nats_url, name="gateway")
    lifecycle.on_stop("nats", client.close)
    await ensure_streams(client, replicas=settings.stream_replicas)
    relay = Relay(database, client, replicas=settings.stream_replicas)
    database.on_announced(relay.wake)
    lifecycle.add_worker("relay", relay.run)
    maintenance = Maintenance(database)
    await maintenance.run_once()
    lifecycle.add_worker("maintenance", maintenance.run)
    return database, client


def _network(settings: Settings, lifecycle: Lifecycle) -> NetworkPorts:
    session = aiohttp.ClientSession(read_bufsize=256 * 1024)
    lifecycle.on_stop("x", session.close)
    api = XApi(
        session=session, base_url=settings.x_api_url, app_key=settings.x_app_key, app_secret=settings.x_app_secret
    )
    silence = settings.x_heartbeat_seconds * SILENT_HEARTBEATS
    return NetworkPorts(
        streams=(filtered_stream(api, silence_seconds_max=silence), activity_stream(api, silence_seconds_max=silence)),
        archive=XArchive(api=api),
        rules=XRuleBook(api=api),
        subscriptions=XSubscriptions(api=api),
        accounts=XAccounts(api=api),
    )


def _options(settings: Settings) -> Options:
    return Options(
        program_handle=settings.program_handle,
        limits=ENTERPRISE if settings.x_tier == "enterprise" else SELF_SERVE,
        subscriptions_max=SUBSCRIPTIONS_MAX[settings.x_tier],
        backfills=settings.x_tier == "enterprise",
        latency=timedelta(seconds=settings.x_latency_seconds),
        watermark_every=timedelta(seconds=settings.watermark_every_seconds),
        reach=Reach(
            overlap=timedelta(seconds=settings.gap_overlap_seconds),
            prompt_open=timedelta(seconds=settings.prompt_open_seconds),
            archive_delay=timedelta(seconds=settings.x_search_delay_seconds),
        ),
        pace=Pace(scale=settings.x_backoff_scale, healthy=timedelta(seconds=settings.x_heartbeat_seconds)),
        resync_seconds=settings.resync_seconds,
    )


def _follow_links(
    client: Client, database: Database, lifecycle: Lifecycle, *, reading: Reading, transactions: PostgresTransactions
) -> None:
    links = LinkEvents(network=X, transactions=transactions, changed=reading.links_changed)
    identity = BatchConsumer(
        client,
        database,
        stream="IDENTITY",
        durable="gateway-links",
        subjects=LINK_SUBJECTS,
        types=LINK_TYPES,
        handler=links.handle,
    )
    lifecycle.add_worker("links", identity.run)


def _follow_prompts(
    client: Client, database: Database, lifecycle: Lifecycle, *, transactions: PostgresTransactions
) -> BatchConsumer:
    prompts = PromptEvents(network=X, transactions=transactions)
    notifier = BatchConsumer(
        client,
        database,
        stream="NOTIFIER",
        durable="gateway-prompts",
        subjects=PROMPT_SUBJECTS,
        types=PROMPT_TYPES,
        handler=prompts.handle,
    )
    lifecycle.add_worker("prompts", notifier.run)
    return notifier
