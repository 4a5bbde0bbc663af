"""The load: purchases begun by the clock, come what may, each followed on X's timeline and in the mailbox."""

import asyncio
import itertools
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from random import Random
from typing import Any

import aiohttp
from tests.faults.chaos_purchases import Leg, Purchase, drawn_manner, think_seconds

from chassis.grpc_client import open_channel
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from hashtill_cli.bench.following import RECEIPT, seconds_of_post
from hashtill_cli.bench.lines import json_lines
from hashtill_cli.bench.linking import LinkingDesk, link_buyers
from hashtill_cli.bench.posting import Posting
from hashtill_cli.bench.purchases import Buyer
from hashtill_cli.bench.shop import open_shop
from hashtill_cli.bench.subscribed import until_subscribed
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.suite.outside import X_CLIENT_ID
from hashtill_cli.supervisor.address_book import AddressBook

TICK_SECONDS = 0.02

CONNECTIONS_MAX = 64

_CONFIRMATION = re.compile(r"#(OK[0-9A-Z]{8})\b")


class Load:
    """Buyers who buy; `purchases` is everything they ever began."""

    def __init__(self, buyers: Sequence[Buyer], *, tags: Sequence[str], posting: Posting, chance: Random) -> None:
        self._idle, self._tags, self._posting, self._chance = deque(buyers), tags, posting, chance
        self.window_seconds = self.usual_seconds = 0.0
        self.purchases: list[Purchase] = []
        self._by_post: dict[str, Purchase] = {}
        self._by_email: dict[str, Purchase] = {}
        self._early: dict[str, list[Mapping[str, Any]]] = {}
        self.is_open = True

    async def run(self, rate: float) -> None:
        """Begin so many purchases a second until closed; while no buyer is idle, the next one waits."""
        began_at, begun = time.monotonic(), 0
        for _ in itertools.count():
            if not self.is_open:
                return
            due = int((time.monotonic() - began_at) * rate)
            while begun < due and self._idle:
                self._begin(begun)
                begun += 1
            await asyncio.sleep(TICK_SECONDS)

    async def follow_x(self, lines: AsyncIterator[list[dict[str, Any]]]) -> None:
        """Hear what the program replies."""
        async for batch in lines:
            for post in batch:
                if target := _replied_to(post):
                    self._replied(target, post)

    async def follow_mail(self, lines: AsyncIterator[list[dict[str, Any]]]) -> None:
        """Hear receipts."""
        async for batch in lines:
            for mail in batch:
                if mail["subject"].startswith(RECEIPT):
                    self._received(mail)

    def let_go(self, purchase: Purchase) -> None:
        """Let a buyer whose purchase is over buy again."""
        if self._by_email.pop(purchase.buyer.email, None) is not None:
            self._idle.append(purchase.buyer)

    def unended(self) -> list[Purchase]:
        """Give the purchases whose buyer is not idle again."""
        return list(self._by_email.values())

    def legs(self) -> list[Leg]:
        """Give every wait there was."""
        return [leg for purchase in self.purchases for leg in purchase.legs()]

    def _begin(self, number: int) -> None:
        buyer = self._idle.popleft()
        purchase = Purchase(buyer=buyer, manner=drawn_manner(self._chance))
        self.purchases.append(purchase)
        self._by_email[buyer.email] = purchase

        def posted(post_id: str) -> None:
            purchase.post_id, purchase.posted_at = post_id, seconds_of_post(post_id)
            self._by_post[post_id] = purchase
            for reply in self._early.pop(post_id, ()):
                self._replied(post_id, reply)

        tag = self._tags[number % len(self._tags)]
        self._posting.post(buyer.user_id, f"I want it, number {number}! #{tag}", then=posted)

    def _replied(self, target: str, post: Mapping[str, Any]) -> None:
        purchase = self._by_post.get(target)
        if purchase is None:
            self._early.setdefault(target, []).append(post)
            return
        at, tag = seconds_of_post(post["id"]), _CONFIRMATION.search(post["text"])
        purchase.answered_at = purchase.answered_at or at
        if tag is not None:
            purchase.prompts += 1
            if purchase.prompts == 1:
                purchase.prompted_at = at
                self._think(purchase, tag[1])

    def _think(self, purchase: Purchase, tag: str) -> None:
        seconds = think_seconds(purchase.manner, self._chance, window_seconds=self.window_seconds)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._confirm, purchase, tag)

    def _confirm(self, purchase: Purchase, tag: str) -> None:
        def confirmed(post_id: str) -> None:
            purchase.confirm_id, purchase.confirmed_at = post_id, seconds_of_post(post_id)

        self._posting.post(purchase.buyer.user_id, f"Yes! #{tag}", then=confirmed)

    def _received(self, mail: Mapping[str, Any]) -> None:
        purchase = self._by_email.get(mail["to"][0])
        if purchase is not None and mail["arrivals"] == 1:
            purchase.receipts += 1
            purchase.receipt_at = datetime.fromisoformat(mail["received_at"]).timestamp()
            self.let_go(purchase)


@asynccontextmanager
async def loaded(
    book: AddressBook, *, keyring: Keyring, members: int, window_seconds: float, chance: Random
) -> AsyncIterator[tuple[Load, list["asyncio.Task[None]"]]]:
    """Link so many buyers, and give the load with the tasks that follow it; nothing is bought before `Load.run`."""
    at = {name: f"http://{book.processes[f'sandbox-{name}']['http']}" for name in ("x", "mail")}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        tags, buyers = await _linked(book, http, x_url=at["x"], members=members)
        app = (X_CLIENT_ID, keyring.password("x_client_secret").reveal())
        await until_subscribed(members, http=http, x_url=at["x"], app=app)
        posting = Posting(http, at["x"])
        load = Load(buyers, tags=tags, posting=posting, chance=chance)
        load.window_seconds = window_seconds
        x, mail = (json_lines(http, f"{url}/sandbox/watch") for url in (at["x"], at["mail"]))
        tasks = [asyncio.create_task(each) for each in (posting.run(), load.follow_x(x), load.follow_mail(mail))]
        try:
            yield load, tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _linked(
    book: AddressBook, http: aiohttp.ClientSession, *, x_url: str, members: int
) -> tuple[Sequence[str], Sequence[Buyer]]:
    channels = {name: open_channel(book.processes[name]["grpc"]) for name in ("identity", "offers", "payments")}
    tags = await open_shop(OffersServiceStub(channels["offers"]))
    desk = LinkingDesk(
        http=http,
        x_url=x_url,
        return_url=f"http://{book.processes['gateway']['pages']}/link/done",
        identity=IdentityServiceStub(channels["identity"]),
        payments=PaymentsServiceStub(channels["payments"]),
    )
    buyers = await link_buyers(members, desk=desk)
    for channel in channels.values():
        await channel.close(None)
    return tags, buyers


def _replied_to(post: Mapping[str, Any]) -> str:
    return next((str(each["id"]) for each in post.get("referenced_tweets", ()) if each["type"] == "replied_to"), "")
