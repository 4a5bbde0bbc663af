"""A running site with its four peers, and a browser to visit it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import aiohttp
from services.gateway.tests.pages.fake_peers import (
    PAGE_KEY,
    FakeIdentity,
    FakeOffers,
    FakeOrders,
    FakePayments,
    an_order,
)

from chassis.grpc_client import open_channel
from chassis.testing import served
from gateway.inbound.pages.parts import PageOptions, PageParts
from gateway.inbound.pages.site import PagesSite
from gateway.outbound.peers import Channels, peers_over
from hashtill.identity.v1.identity_service_pb2_grpc import add_IdentityServiceServicer_to_server
from hashtill.offers.v1.offers_service_pb2_grpc import add_OffersServiceServicer_to_server
from hashtill.orders.v1.orders_service_pb2_grpc import add_OrdersServiceServicer_to_server
from hashtill.payments.v1.payments_service_pb2_grpc import add_PaymentsServiceServicer_to_server
from kernel.ids import OrderId
from kernel.page_addresses import PageGrant, PagePurpose, sign_page

ORDER_ID = OrderId(UUID("5f1d4f4e-3f0b-5c54-9d0a-0d4f8a4be123"))
WAIT_SECONDS = 10.0
NOWHERE = "127.0.0.1:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser sees."""

    status: int
    text: str
    headers: dict[str, str]
    cookies: str

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def field(self, name: str) -> str:
        """Read a hidden field."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"no field {name} in {self.text[:2000]}"
        return unescape(found[1])


@dataclass(kw_only=True)
class Visitor:
    """A browser: keeps cookies, follows no redirect by itself."""

    base: str
    http: aiohttp.ClientSession

    async def get(self, path: str, **options: Any) -> Answer:
        return await self._ask("GET", path, **options)

    async def post(self, path: str, **fields: str) -> Answer:
        return await self._ask("POST", path, data=fields)

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.http.request(method, f"{self.base}{path}", allow_redirects=False, **options) as response:
            return Answer(
                status=response.status,
                text=await response.text(),
                headers=dict(response.headers),
                cookies="\n".join(response.headers.getall("Set-Cookie", [])),
            )

    @asynccontextmanager
    async def live(self, path: str) -> AsyncIterator["Events"]:
        async with self.http.get(f"{self.base}{path}") as response:
            assert response.status == 200
            yield Events(response)


class Events:
    """A stream of events, read one at a time."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, str]:
        """Give the next event's name and data."""
        name, data = "", []
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                line = (await self._response.content.readline()).decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    data.append(line.removeprefix("data: "))
                elif not line and name:
                    return name, "\n".join(data)

    async def until(self, words: str) -> str:
        """Read on until a part holds these words."""
        while True:
            _, data = await self.next()
            if words in data:
                return data


@dataclass(kw_only=True)
class PagesWorld:
    """The site and its peers."""

    site: PagesSite
    stopping: asyncio.Event
    offers: FakeOffers
    identity: FakeIdentity
    orders: FakeOrders
    payments: FakePayments

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.site.port}"

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[Visitor]:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Visitor(base=self.base, http=http)


def token(purpose: PagePurpose, *, order_id: OrderId = ORDER_ID, hours: float = 1) -> str:
    ends_at = datetime.now(UTC) + timedelta(hours=hours)
    return sign_page(PageGrant(order_id=order_id, purpose=purpose, ends_at=ends_at), key=PAGE_KEY)


def options(base_url: str = "http://pages.example", **changes: Any) -> PageOptions:
    return PageOptions(
        base_url=base_url,
        program_name="AmexSync",
        program_handle="AmexSync",
        terms_version="2013-02",
        page_key=PAGE_KEY,
        **changes,
    )


def fakes() -> tuple[FakeOffers, FakeIdentity, FakeOrders, FakePayments]:
    """Make the peers; what the pages never ask answers UNIMPLEMENTED."""
    return (
        FakeOffers(),  # type: ignore[abstract] # abstract to the checker alone
        FakeIdentity(),  # type: ignore[abstract] # as above
        FakeOrders(order=an_order(ORDER_ID)),  # type: ignore[abstract] # as above
        FakePayments(),  # type: ignore[abstract] # as above
    )


@asynccontextmanager
async def pages_world(
    page_options: PageOptions | None = None,
    *,
    listen: str = "127.0.0.1:0",
    follow_offers: bool = False,
    slowness: timedelta = timedelta(),
) -> AsyncIterator[PagesWorld]:
    """Serve the peers and the site for the block; an order that is asked for something answers `slowness` later."""
    offers, identity, orders, payments = fakes()
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(
            served(
                (add_OffersServiceServicer_to_server, offers),
                (add_IdentityServiceServicer_to_server, identity),
                (add_OrdersServiceServicer_to_server, orders),
                (add_PaymentsServiceServicer_to_server, payments),
            )
        )
        channels = Channels(identity=channel, offers=channel, orders=channel, payments=channel)
        stopping = asyncio.Event()

        def clock() -> datetime:
            return datetime.now(UTC) + (slowness if orders.asked else timedelta())

        parts = PageParts(peers=peers_over(channels), options=page_options or options(), clock=clock, stopping=stopping)
        site = await stack.enter_async_context(
            _running(PagesSite(listen, parts), stopping, follow_offers=follow_offers)
        )
        yield PagesWorld(
            site=site, stopping=stopping, offers=offers, identity=identity, orders=orders, payments=payments
        )


@asynccontextmanager
async def lonely_site() -> AsyncIterator[PagesWorld]:
    """Serve the site with nobody behind it."""
    channel = open_channel(NOWHERE, timeout_seconds=0.3)
    stopping = asyncio.Event()
    channels = Channels(identity=channel, offers=channel, orders=channel, payments=channel)
    parts = PageParts(peers=peers_over(channels), options=options(), stopping=stopping)
    async with _running(PagesSite("127.0.0.1:0", parts), stopping, follow_offers=True) as site:
        offers, identity, orders, payments = fakes()
        yield PagesWorld(
            site=site, stopping=stopping, offers=offers, identity=identity, orders=orders, payments=payments
        )
    await channel.close(None)


@asynccontextmanager
async def _running(site: PagesSite, stopping: asyncio.Event, *, follow_offers: bool) -> AsyncIterator[PagesSite]:
    await site.start()
    board = asyncio.create_task(site.board.run(stopping)) if follow_offers else None
    try:
        yield site
    finally:
        stopping.set()
        await site.stop(grace_seconds=0)
        if board is not None:
            await board
