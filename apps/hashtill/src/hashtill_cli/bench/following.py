"""Following purchases: prompts as X shows them and receipts as the mail server took them, or as events tell both."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg

from hashtill.notifier.v1.delivery_pb2 import PURPOSE_PROMPT, PURPOSE_RECEIPT
from hashtill.notifier.v1.events_pb2 import MailAccepted, ReplyPosted
from hashtill.orders.v1.events_pb2 import OrderHeld
from hashtill_cli.bench.purchases import Book, Purchase
from kernel.snowflakes import time_of_snowflake

RECEIPT = "Your receipt"
"""How the subject of a receipt begins."""

_CONFIRMATION = re.compile(r"#(OK[0-9A-Z]{8})\b")

Confirm = Callable[[Purchase, str], None]
"""Lets a buyer post the confirmation tag."""


class Lines(Protocol):
    """A stream of lines, many at a time."""

    def __aiter__(self) -> AsyncIterator[list[dict[str, Any]]]:
        """Read on."""


async def follow_x(lines: Lines, *, book: Book, confirm: Confirm) -> None:
    """Hear prompts, and confirm each."""
    async for batch in lines:
        for post in batch:
            if (target := _replied_to(post)) and (tag := _CONFIRMATION.search(post["text"])):
                purchase = book.replied(target, tag=tag[1], at=seconds_of_post(post["id"]))
                if purchase is not None:
                    confirm(purchase, tag[1])


async def follow_mail(lines: Lines, *, book: Book, ended: Callable[[], None]) -> None:
    """Hear receipts."""
    async for batch in lines:
        for mail in batch:
            if mail["subject"].startswith(RECEIPT):
                at = datetime.fromisoformat(mail["received_at"]).timestamp()
                book.received(book.by_email.get(mail["to"][0]), at=at, arrivals=mail["arrivals"])
        ended()


class FollowEvents:
    """Hears prompts and receipts from the services' events, where no wire shows them."""

    def __init__(self, *, book: Book, confirm: Confirm, ended: Callable[[], None], clock: Callable[[], float]) -> None:
        self._book, self._confirm, self._ended, self._clock = book, confirm, ended, clock
        self._tags: dict[str, str] = {}
        self._untagged: dict[str, tuple[str, float]] = {}

    async def start(self, nats: Client) -> None:
        """Listen."""
        await nats.subscribe("hashtill.orders.v1.order_held.*", cb=self._held)
        await nats.subscribe("hashtill.notifier.v1.reply_posted.*", cb=self._replied)
        await nats.subscribe("hashtill.notifier.v1.mail_accepted.*", cb=self._mailed)

    async def _held(self, message: Msg) -> None:
        order = OrderHeld.FromString(message.data).order
        if (reply := self._untagged.pop(order.order_id, None)) is not None:
            self._prompted(reply[0], tag=order.confirmation_tag, at=reply[1])
        else:
            self._tags[order.order_id] = order.confirmation_tag

    async def _replied(self, message: Msg) -> None:
        reply = ReplyPosted.FromString(message.data)
        if reply.purpose != PURPOSE_PROMPT:
            return
        if (tag := self._tags.pop(reply.order_id, None)) is None:
            self._untagged[reply.order_id] = (reply.in_reply_to_post_id, self._clock())
        else:
            self._prompted(reply.in_reply_to_post_id, tag=tag, at=self._clock())

    def _prompted(self, post_id: str, *, tag: str, at: float) -> None:
        purchase = self._book.replied(post_id, tag=tag, at=at)
        if purchase is not None:
            self._confirm(purchase, tag)

    async def _mailed(self, message: Msg) -> None:
        mail = MailAccepted.FromString(message.data)
        if mail.purpose == PURPOSE_RECEIPT:
            self._book.received(self._book.by_order.get(mail.order_id), at=self._clock())
            self._ended()


def seconds_of_post(post_id: str) -> float:
    """Say when a post was made, by X's own clock."""
    return time_of_snowflake(int(post_id)).timestamp()


def _replied_to(post: Mapping[str, Any]) -> str:
    for reference in post.get("referenced_tweets", ()):
        if reference["type"] == "replied_to":
            return str(reference["id"])
    return ""
