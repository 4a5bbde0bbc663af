"""The generator: a process of its own that keeps purchases going, follows them, and says what it saw."""

import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
import nats
import uvloop

from chassis.grpc_client import open_channel
from hashtill.identity.v1.identity_service_pb2_grpc import IdentityServiceStub
from hashtill.offers.v1.offers_service_pb2_grpc import OffersServiceStub
from hashtill.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from hashtill_cli.bench.beside import say_whole
from hashtill_cli.bench.cpu import cpu_of, used_between
from hashtill_cli.bench.following import FollowEvents, follow_mail, follow_x, seconds_of_post
from hashtill_cli.bench.lines import json_lines
from hashtill_cli.bench.linking import LinkingDesk, link_buyers
from hashtill_cli.bench.plan import Load, Plan
from hashtill_cli.bench.posting import Posting
from hashtill_cli.bench.purchases import Book, Buyer, Purchase, pace_of
from hashtill_cli.bench.shop import open_shop
from hashtill_cli.bench.subscribed import until_subscribed
from hashtill_cli.supervisor.memory import pss_mb
from kernel.ids import PostId, X, order_id_of

TICK_SECONDS = 0.01
"""How often an open loop begins what is due, and an end is looked for."""

DRAIN_SECONDS_MAX = 30.0
"""What has not ended by then is counted as unfinished."""

CONNECTIONS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What is bought, and how people post."""

    tags: Sequence[str]
    posting: Posting


class Generator:
    """Keeps purchases going."""

    def __init__(self, load: Load, *, book: Book, shop: Shop) -> None:
        self._load, self.book, self._shop = load, book, shop
        self._numbers = itertools.count()
        self._began_at = time.monotonic()
        self._due = 0
        self._open = True

    def stop(self) -> None:
        """Begin nothing more."""
        self._open = False

    def top_up(self) -> None:
        """Begin purchases until as many are in flight as the closed loop wants."""
        if self._load.rate or not self._open:
            return
        while self.book.in_flight < self._load.in_flight and self.book.idle:
            self._begin()

    async def run_open_loop(self) -> None:
        """Begin purchases by the clock; who would have to wait for an idle buyer is begun as soon as there is one."""
        while self._open and self._load.rate:
            due = int((time.monotonic() - self._began_at) * self._load.rate)
            while self._due < due and self.book.idle:
                self._begin()
                self._due += 1
            await asyncio.sleep(TICK_SECONDS)

    def confirm(self, purchase: Purchase, tag: str) -> None:
        """Let a buyer confirm by a post of their own."""

        def confirmed(post_id: str) -> None:
            purchase.confirmed_at = seconds_of_post(post_id)

        self._shop.posting.post(purchase.buyer.user_id, f"Yes! #{tag}", then=confirmed)

    def _begin(self) -> None:
        number, purchase = next(self._numbers), self.book.begin()
        tag = self._shop.tags[number % len(self._shop.tags)]

        def posted(post_id: str) -> None:
            order_id = str(order_id_of(network=X, post_id=PostId(post_id)))
            heard = self.book.posted(purchase, post_id=post_id, order_id=order_id, at=seconds_of_post(post_id))
            if heard:
                self.confirm(purchase, heard)

        self._shop.posting.post(purchase.buyer.user_id, f"I want it, number {number}! #{tag}", then=posted)


async def measure(plan: Plan) -> dict[str, Any]:
    """Set up, warm up, measure, drain, and give everything that was seen."""
    began_at = time.monotonic()
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http:
        tags, buyers = await _set_up(plan, http)
        _tell(f"{len(buyers)} cardmembers are linked after {time.monotonic() - began_at:.1f} s")
        posting = Posting(http, plan.x_url)
        generator = Generator(plan.load, book=Book.of(buyers), shop=Shop(tags=tags, posting=posting))
        async with _followed(plan, http, generator, posting) as tasks:
            return await _run(plan, generator, tasks)


async def _run(plan: Plan, generator: Generator, tasks: Sequence["asyncio.Task[None]"]) -> dict[str, Any]:
    load, pids = plan.load, {**plan.pids, "generator": os.getpid()}
    generator.top_up()
    await _while_well(tasks, seconds=load.warm_seconds)
    _tell(f"warm: {len(generator.book.done)} purchases; measuring {load.seconds:g} s")
    since, before = time.time(), cpu_of(pids)
    await _while_well(tasks, seconds=load.seconds)
    until, after = time.time(), cpu_of(pids)
    memory = {name: pss_mb(pid) or 0.0 for name, pid in pids.items()}
    generator.stop()
    await _drain(generator.book, tasks)
    book = generator.book
    return {
        "pace": asdict(pace_of(book.done, since=since, until=until)),
        "window_seconds": until - since,
        "cpu_seconds": used_between(before, after),
        "pss_mb": memory,
        "begun": book.begun,
        "ended": len(book.done),
        "unfinished": book.in_flight,
        "receipts": book.receipts,
        "surplus_receipts": book.surplus_receipts,
        "surplus_replies": book.surplus_replies,
        "stuck_orders": [each.order_id for each in book.by_user.values()][:5],
    }


async def _set_up(plan: Plan, http: aiohttp.ClientSession) -> tuple[Sequence[str], Sequence[Buyer]]:
    channels = {name: open_channel(plan.targets[name]) for name in ("identity", "offers", "payments")}
    tags = await open_shop(OffersServiceStub(channels["offers"]))
    desk = LinkingDesk(
        http=http,
        x_url=plan.x_url,
        return_url=f"{plan.pages_url}/link/done",
        identity=IdentityServiceStub(channels["identity"]),
        payments=PaymentsServiceStub(channels["payments"]),
    )
    buyers = await link_buyers(plan.load.members, desk=desk)
    await until_subscribed(len(buyers), http=http, x_url=plan.x_url, app=plan.x_app)
    for channel in channels.values():
        await channel.close(None)
    return tags, buyers


@asynccontextmanager
async def _followed(
    plan: Plan, http: aiohttp.ClientSession, generator: Generator, posting: Posting
) -> AsyncIterator[Sequence["asyncio.Task[None]"]]:
    book = generator.book
    running = [posting.run(), generator.run_open_loop()]
    client = None
    if plan.load.core:
        client = await nats.connect(plan.nats_url, pending_size=64 * 1024 * 1024)
        events = FollowEvents(book=book, confirm=generator.confirm, ended=generator.top_up, clock=time.time)
        await events.start(client)
    else:
        x, mail = (json_lines(http, f"{url}/sandbox/watch") for url in (plan.x_url, plan.mail_url))
        running.append(follow_x(x, book=book, confirm=generator.confirm))
        running.append(follow_mail(mail, book=book, ended=generator.top_up))
    tasks = [asyncio.create_task(each) for each in running]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if client is not None:
            await client.close()


async def _while_well(tasks: Sequence["asyncio.Task[None]"], *, seconds: float) -> None:
    """Wait, unless a task fails: then raise what it raised."""
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


async def _drain(book: Book, tasks: Sequence["asyncio.Task[None]"]) -> None:
    give_up_at = time.monotonic() + DRAIN_SECONDS_MAX
    while book.in_flight and time.monotonic() < give_up_at:
        await _while_well(tasks, seconds=TICK_SECONDS)


def _tell(words: str) -> None:
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()


def main() -> None:
    """Read the plan from standard input, and write what was seen to standard output."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the supervisor blocks what we must hear
    plan = Plan.from_json(sys.stdin.read())
    seen: Mapping[str, Any] = uvloop.run(measure(plan))
    say_whole(seen)


if __name__ == "__main__":
    main()
