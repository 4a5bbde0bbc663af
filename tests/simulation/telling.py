"""Telling: what a story's people do, in words: post, wait for the prompt, confirm, press a button, call the shop."""

import asyncio
import re
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

import grpc
from grpc import aio
from tests.simulation.calls import SimStub, request_context
from tests.simulation.people import MERCHANT, Person
from tests.simulation.world import World
from tests.simulation.x_posts import PROGRAM_ID, XPost

from chassis.refusal_status import refusal_of
from hashtill.common.v1 import request_context_pb2
from hashtill.orders.v1 import orders_service_pb2 as pb
from kernel.ids import OrderId, PostId, X, order_id_of
from kernel.refusals import Refusal
from orders.domain.order import Order
from orders.domain.states import State

WINDOW_SECONDS = 900.0
PROMPT_SECONDS_MAX = 1_000.0
"""A reply that has not come by then never comes: prompting ends after ten minutes."""

CALLS_MAX = 60
PAUSE_SECONDS_MAX = 600.0
_AWAY = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL})
_TAG = re.compile(r"#(OK\w{8})")

T = TypeVar("T")


class Teller:
    """One story's hand on the world; whatever it draws is its own, so that other stories do not shift it."""

    def __init__(self, world: World, name: str, random: Random) -> None:
        self.world, self.name, self.random = world, name, random
        self.orders: list[OrderId] = []
        self._calls = 0

    def buy(self, person: Person, tag: str, **more: Any) -> XPost:
        """Post a purchase."""
        post = self.world.x.post(person.account, f"I want it! #{tag}", tags=(tag,), **more)
        self.orders.append(order_id_of(network=X, post_id=PostId(str(post.post_id))))
        return post

    def say(self, person: Person, tag: str, *, kind: str = "post", target: XPost | None = None) -> XPost:
        """Post a confirmation tag."""
        return self.world.x.post(person.account, f"Yes! #{tag}", tags=(tag,), kind=kind, target=target)

    def repost(self, person: Person, post: XPost) -> XPost:
        """Repost something."""
        return self.world.x.post(person.account, f"RT @{post.author.handle}", kind="repost", target=post)

    async def think(self, least_seconds: float, most_seconds: float) -> None:
        """Take some time."""
        await asyncio.sleep(self.random.uniform(least_seconds, most_seconds))

    async def prompt(self, post: XPost) -> XPost | None:
        """Wait for the prompt to a post; None when none comes."""
        return await self._until(lambda: self._prompt(post), "post", str(post.post_id), seconds=PROMPT_SECONDS_MAX)

    async def mail(self, person: Person, purpose: str, order_id: OrderId) -> dict[str, str] | None:
        """Wait for a mail about an order."""
        find = self.world.mailbox.find
        return await self._until(
            lambda: find(person.email, purpose, str(order_id)), "mail", str(order_id), seconds=PROMPT_SECONDS_MAX
        )

    async def reaches(self, order_id: OrderId, *states: State, seconds: float) -> Order | None:
        """Wait until an order is in one of these states."""
        orders = self.world.orders.store.orders

        def look() -> Order | None:
            order = orders.get(order_id)
            return order if order is not None and order.state in states else None

        return await self._until(look, "news", str(order_id), seconds=seconds)

    async def confirm_by_page(self, token: str) -> Any:
        """Press the button of a page."""
        return await self.ask(
            "orders", "ConfirmOrder", pb.ConfirmOrderRequest(page_token=token, context=self._context())
        )

    async def cancel(self, token: str, reason: Any) -> Any:
        """Take an order back on its page."""
        request = pb.CancelOrderRequest(page_token=token, reason=reason, context=self._context())
        return await self.ask("orders", "CancelOrder", request)

    async def accept(self, order_id: OrderId) -> Any:
        """Take an order on, as the merchant, after a look at what is due."""
        await self.ask("orders", "ListShipmentsDue", pb.ListShipmentsDueRequest(merchant_id=MERCHANT))
        request = pb.AcceptShipmentRequest(order_id=str(order_id), merchant_id=MERCHANT, context=self._context())
        return await self.ask("orders", "AcceptShipment", request)

    async def ship(self, order_id: OrderId) -> Any:
        """Send the parcel off."""
        request = pb.RecordShipmentRequest(
            order_id=str(order_id), merchant_id=MERCHANT, carrier="UPS", tracking_number="1Z9", context=self._context()
        )
        return await self.ask("orders", "RecordShipment", request)

    async def take_back_goods(self, order_id: OrderId, minor: int | None) -> Any:
        """Give all or some of the money back, as the merchant."""
        request = pb.RequestReturnRequest(
            order_id=str(order_id), merchant_id=MERCHANT, reason="returned", context=self._context()
        )
        if minor is not None:
            request.amount.amount_minor, request.amount.currency_code = minor, "USD"
        return await self.ask("orders", "RequestReturn", request)

    async def ask(self, called: str, method: str, request: Any) -> Any:
        """Call a service from outside until it answers: its response, or its refusal."""
        stub = SimStub(self.world.suite.switchboard, called, caller=None)
        for attempt in range(CALLS_MAX):
            try:
                return await getattr(stub, method)(request)
            except aio.AioRpcError as error:
                if error.code() not in _AWAY:
                    return refusal_of(error)
            await asyncio.sleep(min(PAUSE_SECONDS_MAX, 0.5 * 2.0**attempt))
        raise RuntimeError(f"{called}.{method} never answered")

    def context(self) -> request_context_pb2.RequestContext:
        """Give the context of one more call."""
        return self._context()

    def _context(self) -> request_context_pb2.RequestContext:
        self._calls += 1
        return request_context_pb2.RequestContext(**request_context(f"{self.name} {self._calls}"))

    def _prompt(self, post: XPost) -> XPost | None:
        replies = (
            each
            for each in self.world.x.posts.values()
            if each.author.user_id == PROGRAM_ID and each.target is not None and each.target.post_id == post.post_id
        )
        return next((each for each in replies if _TAG.search(each.text)), None)

    async def _until(self, look: Callable[[], T | None], *what: str, seconds: float) -> T | None:
        signal, ends_at = self.world.stage.watch(*what), self.world.stage.loop.time() + seconds
        while True:
            signal.clear()
            if (found := look()) is not None:
                return found
            left = ends_at - self.world.stage.loop.time()
            if left <= 0:
                return None
            await signal.wait(left)


def tag_in(prompt: XPost) -> str:
    """Read the confirmation tag out of a prompt."""
    found = _TAG.search(prompt.text)
    if found is None:
        raise ValueError(f"{prompt.text} asks for nothing")
    return found[1]


def token_in(mail: dict[str, str], name: str) -> str:
    """Read a page's token out of a mail."""
    return mail[name].rpartition("/")[2]


def refused(answer: Any) -> str:
    """Give the reason of a refusal, or nothing."""
    return answer.reason if isinstance(answer, Refusal) else ""
