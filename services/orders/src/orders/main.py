"""Joins orders' parts: database, streams, peers, the step runner, the clocks and the server."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from google.protobuf.message import Message
from nats.aio.client import Client

from chassis.consumers import BatchConsumer
from chassis.grpc_client import open_channel
from chassis.grpc_server import GrpcServer
from chassis.jetstream import connect, ensure_streams
from chassis.key_value import KeyValueModel
from chassis.lifecycle import Lifecycle
from chassis.maintenance import Maintenance
from chassis.migrations import run_migrations
from chassis.outbox import subject_stem
from chassis.postgres import Database
from chassis.relay import Relay
from chassis.watchdog import Watchdog
from chassis.workers import Worker, either
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill.offers.v1.offer_pb2 import KnownTag
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.orders.v1.orders_service_pb2_grpc import add_OrdersServiceServicer_to_server
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from kernel.secret import Secret
from kernel.tags import new_confirmation_tag
from orders.domain.order import Order
from orders.domain.states import Command
from orders.inbound import consumers
from orders.inbound.changing_calls import ChangingParts
from orders.inbound.clocks import Clocks
from orders.inbound.consumers import Consumers
from orders.inbound.servicer import OrdersServicer, ReadingParts
from orders.inbound.social_backlog import ConsumedPosts
from orders.inbound.steps import KEEP_EVERY_SECONDS, LANES, Steps
from orders.inbound.watchers import Watchers
from orders.outbound.links import GrpcLinks
from orders.outbound.peers import GrpcAddresses, GrpcCharges, GrpcStock
from orders.outbound.postgres import PostgresTransactions
from orders.settings import Settings, limits_of
from orders.usecases import follow_orders, receive_posts
from orders.usecases.pass_time import watch_ages
from orders.usecases.take_steps import Peers

POOL_SIZE = 16
"""Two lanes of seven commands, four consumers and three clocks, seldom all at once."""

SYNC_LOOK_SECONDS = 0.05


async def migrate(settings: Settings) -> None:
    """Bring orders' database to its newest schema."""
    await run_migrations(settings.database_url, package="orders")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Start orders."""
    database, nats = await _stores(settings, lifecycle)
    parts = _parts(settings, lifecycle, database)
    tags = KeyValueModel(nats, bucket="known_tags", decode=lambda _key, value: KnownTag.FromString(value))
    lifecycle.add_worker("known-tags", tags.run)
    handlers = Consumers(
        is_known=lambda tag: tag in tags.values,
        links=parts.changing.links,
        transactions=parts.changing.transactions,
        limits=parts.changing.limits,
    )
    read = _consume(_Feed(nats, database, lifecycle), handlers, tags)
    _run_steps(parts.steps, lifecycle)
    clocks = Clocks(
        posts=ConsumedPosts(read[receive_posts.CONSUMER]),
        replies=read[follow_orders.NOTIFIER_CONSUMER],
        transactions=parts.changing.transactions,
        limits=parts.changing.limits,
    )
    _run_clocks(clocks, lifecycle)
    ages = Watchdog("orders", partial(watch_ages, transactions=parts.changing.transactions))
    lifecycle.add_worker("watchdog", ages.run)
    servicer = OrdersServicer(parts.changing, parts.reading)
    registered = [(add_OrdersServiceServicer_to_server, servicer)]
    await lifecycle.add_server(GrpcServer(settings.listen, registered, health=lifecycle.health))
    lifecycle.ready_after("known tags", tags.is_synced, remedy="Start offers, which fills the bucket.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    changing: ChangingParts
    reading: ReadingParts
    steps: Steps


@dataclass(frozen=True, slots=True)
class _Feed:
    nats: Client
    database: Database
    lifecycle: Lifecycle


async def _stores(settings: Settings, lifecycle: Lifecycle) -> tuple[Database, Client]:
    database = Database.open(settings.database_url, application_name="orders", pool_size=POOL_SIZE)
    lifecycle.on_stop("database", database.close)
    await lifecycle.wait_for("PostgreSQL", database.answers, remedy="Start it, or correct HASHTILL_DATABASE_URL.")
    await migrate(settings)
    nats = await connect(settings.nats_url, name="orders")
    lifecycle.on_stop("nats", nats.close)
    await ensure_streams(nats, replicas=settings.stream_replicas)
    maintenance = Maintenance(database)
    await maintenance.run_once()
    lifecycle.add_worker("maintenance", maintenance.run)
    lifecycle.add_worker("relay", Relay(database, nats, replicas=settings.stream_replicas).run)
    return database, nats


def _parts(settings: Settings, lifecycle: Lifecycle, database: Database) -> _Parts:
    channels = {
        name: open_channel(target)
        for name, target in (
            ("identity", settings.identity_target),
            ("offers", settings.offers_target),
            ("payments", settings.payments_target),
        )
    }
    for name, channel in channels.items():
        lifecycle.ready_after_peer(name, channel)
    watchers, limits = Watchers(), limits_of(settings)

    def saved(orders: Sequence[Order]) -> None:
        steps.offer(orders)
        watchers.saved(orders)

    transactions = PostgresTransactions(database, on_saved=saved)
    links, payments = GrpcLinks(IdentityServiceStub(channels["identity"])), PaymentsServiceStub(channels["payments"])
    peers = Peers(
        links=links,
        stock=GrpcStock(OffersServiceStub(channels["offers"])),
        charges=GrpcCharges(payments),
        new_tag=partial(new_confirmation_tag, secrets.randbelow),
    )
    steps = Steps(peers=peers, transactions=transactions, limits=limits)
    page_key = Secret(settings.page_key.reveal().encode())
    return _Parts(
        changing=ChangingParts(transactions=transactions, links=links, limits=limits, page_key=page_key),
        reading=ReadingParts(addresses=GrpcAddresses(payments), watchers=watchers, stopping=lifecycle.stopping),
        steps=steps,
    )


def _consume(feed: _Feed, handlers: Consumers, tags: KeyValueModel[KnownTag]) -> dict[str, BatchConsumer]:
    """Start the four consumers; posts wait for the first sync of known tags, or they would be ignored for good."""

    def consumer(
        stream: str, durable: str, subjects: Sequence[str], types: Sequence[type[Message]], handler: Any
    ) -> BatchConsumer:
        return BatchConsumer(
            feed.nats,
            feed.database,
            stream=stream,
            durable=durable,
            subjects=subjects,
            types=types,
            handler=handler,
        )

    social = consumer("SOCIAL", receive_posts.CONSUMER, ["social.>"], consumers.SOCIAL_TYPES, handlers.social)

    async def run_social(stop: asyncio.Event) -> None:
        while not stop.is_set() and not await tags.is_synced():
            await either(stop, timeout_seconds=SYNC_LOOK_SECONDS)
        await social.run(stop)

    feed.lifecycle.add_worker(receive_posts.CONSUMER, run_social)
    started = {receive_posts.CONSUMER: social}
    for stream, durable, types, handler in (
        ("NOTIFIER", follow_orders.NOTIFIER_CONSUMER, consumers.NOTIFIER_TYPES, handlers.notifier),
        ("PAYMENTS", follow_orders.PAYMENTS_CONSUMER, consumers.PAYMENTS_TYPES, handlers.payments),
        ("IDENTITY", follow_orders.IDENTITY_CONSUMER, consumers.IDENTITY_TYPES, handlers.identity),
    ):
        subjects = [f"{subject_stem(each.DESCRIPTOR.full_name)}.*" for each in types]
        started[durable] = consumer(stream, durable, subjects, types, handler)
        feed.lifecycle.add_worker(durable, started[durable].run)
    return started


def _run_steps(steps: Steps, lifecycle: Lifecycle) -> None:
    for command in Command:
        for lane in range(LANES):
            lifecycle.add_worker(f"{command}-{lane}", partial(steps.run, command))
    lifecycle.add_worker("steps", Worker(steps.poll_once).run)
    lifecycle.add_worker("leases", Worker(steps.keep_once, poll_seconds=KEEP_EVERY_SECONDS).run)


def _run_clocks(clocks: Clocks, lifecycle: Lifecycle) -> None:
    lifecycle.add_worker("expiry", clocks.run_expiry)
    lifecycle.add_worker("limits", Worker(clocks.limits_once).run)
