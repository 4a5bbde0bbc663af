"""The world of one run: everybody and everything a story meets, with people and offers of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import aiohttp

from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.scenarios.waiting import must
from hashtill_cli.scenarios.world.browser import Browser
from hashtill_cli.scenarios.world.campaign import Offer, publish_offer, run_code
from hashtill_cli.scenarios.world.card_network import CardKind, CardNetwork, mint_card
from hashtill_cli.scenarios.world.linking import Linked, link
from hashtill_cli.scenarios.world.mailbox import Mailbox
from hashtill_cli.scenarios.world.member import Member
from hashtill_cli.scenarios.world.merchant import Merchants
from hashtill_cli.scenarios.world.purchase import Purchase
from hashtill_cli.scenarios.world.services import Services
from hashtill_cli.scenarios.world.x import X
from hashtill_cli.suite.outside import X_CLIENT_ID

LINKING_MAX = 8
"""People who walk the link pages at once; more would only queue on a small machine."""

CONNECTIONS_MAX = 200

ACCOUNTS = 9_000_000
"""Card accounts to draw a run's first one from; a run takes a few dozen in a row."""

STOCK = 5


class NotLinkedError(Exception):
    """Somebody who should have been linked was not; the sentence is the page's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One run."""

    run: str
    pages_url: str
    x: X
    mailbox: Mailbox
    card_network: CardNetwork
    merchants: Merchants
    services: Services
    connector: aiohttp.BaseConnector
    first_account: int = field(default_factory=lambda: secrets.randbelow(ACCOUNTS))
    numbers: "count[int]" = field(default_factory=count)
    linking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LINKING_MAX))
    browsers: list[Browser] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """The posts of this story, for whoever asks afterwards."""

    async def person(self, name: str, *, card: CardKind = CardKind.GOOD, protected: bool = False) -> Member:
        """Let somebody new appear, not linked."""
        number = next(self.numbers)
        handle = f"{name.lower()}_{self.run}{number}"
        self.browsers.append(browser := Browser(self.connector))
        return Member(
            x=self.x,
            browser=browser,
            handle=handle,
            user_id=await self.x.new_person(handle, name, protected=protected),
            name=name,
            email=f"{handle}@mail.example",
            card=mint_card(card, self.first_account + number, name=name),
        )

    async def link(self, member: Member) -> Linked:
        """Let somebody walk the link pages to their end."""
        async with self.linking:
            return await link(member, self.pages_url)

    async def member(self, name: str, *, card: CardKind = CardKind.GOOD) -> Member:
        """Let somebody new appear who is linked. Raises NotLinkedError."""
        member = await self.person(name, card=card)
        linked = await self.link(member)
        if not linked.done:
            raise NotLinkedError(f"@{member.handle} could not link: {linked.words}")
        return member

    async def offer(self, title: str, *, stock: int = STOCK) -> Offer:
        """Publish an offer of this story's own, and wait until the program has told everybody and listens itself."""
        offer = await publish_offer(self.services, title=title, run=self.run, stock=stock)
        await self.x.announcement_of(offer.tag)
        await self.listening_to(offer.tag)
        return offer

    async def listening_to(self, tag: str) -> None:
        """Wait until the program listens to a tag. Raises NeverHappenedError."""
        await must(lambda: self.x.listens_to(tag), bool, what=f"a rule of the program's for #{tag}")

    async def purchase(self, title: str, name: str, *, card: CardKind = CardKind.GOOD) -> Purchase:
        """Let a new member post the tag of a new offer."""
        offer, member = await asyncio.gather(self.offer(title), self.member(name, card=card))
        return await self.buy(member, offer)

    async def buy(self, member: Member, offer: Offer) -> Purchase:
        """Let somebody post an offer's tag."""
        post_id = await member.post(f"I want the {offer.offer_id}! #{offer.tag}")
        return self.bought(member, offer, post_id)

    def bought(self, member: Member, offer: Offer, post_id: str) -> Purchase:
        """Name a purchase by the post that made it."""
        self.told.append(post_id)
        return Purchase(
            member=member,
            offer=offer,
            post_id=post_id,
            x=self.x,
            mailbox=self.mailbox,
            card_network=self.card_network,
            services=self.services,
        )


@asynccontextmanager
async def open_world(processes: Mapping[str, Mapping[str, str]], *, keyring: Keyring) -> AsyncIterator[World]:
    """Meet a running suite, by its address book's `processes`; the keyring holds the app's secret at X."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        services = Services({name: at["grpc"] for name, at in processes.items() if "grpc" in at})
        stack.push_async_callback(services.close)
        x_secret = keyring.password("x_client_secret").reveal()
        x = X(session, f"http://{processes['sandbox-x']['http']}", app_key=X_CLIENT_ID, app_secret=x_secret)
        await x.open()
        await stack.enter_async_context(_following(x))
        world = World(
            run=run_code(),
            pages_url=f"http://{processes['gateway']['pages']}",
            x=x,
            mailbox=Mailbox(session, f"http://{processes['sandbox-mail']['http']}"),
            card_network=CardNetwork(session, f"http://{processes['sandbox-cardnet']['http']}"),
            merchants=Merchants(session, f"http://{processes['sandbox-merchant']['http']}"),
            services=services,
            connector=connector,
        )
        try:
            yield world
        finally:
            for browser in world.browsers:
                await browser.close()


@asynccontextmanager
async def _following(x: X) -> AsyncIterator[None]:
    following = asyncio.create_task(x.follow())
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
