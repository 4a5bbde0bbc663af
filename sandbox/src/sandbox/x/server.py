"""The server: joins the simulated X's parts, listens, and stops cleanly."""

import asyncio
import time
from dataclasses import dataclass
from typing import cast

from aiohttp import web

from sandbox.x.activity_stream import ActivityStream
from sandbox.x.connection import Ending
from sandbox.x.connection_routes import ConnectionRoutes
from sandbox.x.connections import Connections
from sandbox.x.control import Control
from sandbox.x.delivery import Delivery
from sandbox.x.edges import Edge
from sandbox.x.fault_control import FaultControl
from sandbox.x.faults import Faults
from sandbox.x.filtered_stream import FilteredStream
from sandbox.x.oauth import OAuth
from sandbox.x.oauth_routes import OAuthRoutes
from sandbox.x.pages import Pages
from sandbox.x.post_routes import PostRoutes
from sandbox.x.rate_limits import RateLimits
from sandbox.x.rule_book import CAPS, RuleBook
from sandbox.x.rule_routes import RuleRoutes
from sandbox.x.settings import Settings
from sandbox.x.snowflake_ids import Clock
from sandbox.x.subscription_routes import SubscriptionRoutes
from sandbox.x.subscriptions import Subscriptions
from sandbox.x.timeline_page import TimelinePage
from sandbox.x.timeline_routes import TimelineRoutes
from sandbox.x.tokens import Tokens
from sandbox.x.user_routes import UserRoutes
from sandbox.x.watching import Watching
from sandbox.x.world import World

BODY_BYTES_MAX = 8 * 1024 * 1024
"""The control API's largest batch: 5,000 actions of long texts."""

SHUTDOWN_SECONDS = 1.0
"""Streams are ended first, so nothing that matters is still running after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A listening server; `url` has no slash at its end."""

    url: str
    world: World
    _runner: web.AppRunner
    _connections: Connections

    async def stop(self) -> None:
        """End the streams in order and stop listening."""
        self._connections.end(self._connections.all(), Ending())
        await self._runner.cleanup()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until told to stop."""
    server = await start(settings)
    print(f"simulated X listens on {server.url}", flush=True)  # noqa: T201 - the address is this program's one output
    try:
        await stop.wait()
    finally:
        await server.stop()


async def start(settings: Settings, *, clock: Clock = time.time) -> RunningServer:
    """Listen where the settings say."""
    world = World(settings, clock=clock)
    faults = Faults()
    connections = Connections(
        connections_max=settings.stream_connections_max, heartbeat_seconds=settings.heartbeat_seconds, faults=faults
    )
    app = _application(settings, world=world, faults=faults, connections=connections, clock=clock)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    host, _, port = settings.listen.rpartition(":")
    await web.TCPSite(runner, host, int(port)).start()
    bound_host, bound_port = cast("tuple[str, int]", runner.addresses[0][:2])
    url = f"http://{bound_host}:{bound_port}"
    return RunningServer(url=url, world=world, _runner=runner, _connections=connections)


def _application(
    settings: Settings, *, world: World, faults: Faults, connections: Connections, clock: Clock
) -> web.Application:
    tokens = Tokens(settings, world=world, clock=clock)
    limits = RateLimits(tier=settings.tier, clock=clock)
    edge = Edge(faults=faults, limits=limits, tokens=tokens)
    app = web.Application(middlewares=[edge.middleware], client_max_size=BODY_BYTES_MAX)
    app.on_response_prepare.append(edge.add_headers)
    pages = Pages()
    oauth = OAuth(settings, tokens=tokens, clock=clock)
    watching = Watching(world=world)
    timeline = TimelinePage(settings, world=world, pages=pages)
    world.follow(watching.tell)
    world.follow(timeline.tell)
    app.add_routes(_streams(settings, world=world, faults=faults, connections=connections, tokens=tokens))
    app.add_routes(PostRoutes(world=world, tokens=tokens, tier=settings.tier).routes())
    app.add_routes(TimelineRoutes(world=world, tokens=tokens).routes())
    app.add_routes(UserRoutes(world=world, tokens=tokens).routes())
    app.add_routes(OAuthRoutes(oauth=oauth, tokens=tokens, world=world, pages=pages).routes())
    app.add_routes(Control(settings, world=world, tokens=tokens, faults=faults, limits=limits).routes())
    app.add_routes(FaultControl(world=world, faults=faults, connections=connections).routes())
    app.add_routes([*watching.routes(), *timeline.routes(), *pages.routes()])
    return app


def _streams(
    settings: Settings, *, world: World, faults: Faults, connections: Connections, tokens: Tokens
) -> list[web.RouteDef]:
    """Join both streams, what they are asked for, and how they are ended."""
    rules = RuleBook(caps=CAPS[settings.tier], ids=world.ids)
    subscriptions = Subscriptions(tier=settings.tier, ids=world.ids)
    filtered = FilteredStream(
        world=world, rules=rules, connections=connections, faults=faults, tokens=tokens, tier=settings.tier
    )
    activity = ActivityStream(
        world=world, subscriptions=subscriptions, connections=connections, tokens=tokens, tier=settings.tier
    )
    world.follow(Delivery(filtered=filtered, activity=activity, faults=faults).tell)
    return [
        *filtered.routes(),
        *activity.routes(),
        *RuleRoutes(rules=rules, tokens=tokens).routes(),
        *SubscriptionRoutes(subscriptions=subscriptions, tokens=tokens, world=world).routes(),
        *ConnectionRoutes(connections=connections, tokens=tokens).routes(),
    ]
