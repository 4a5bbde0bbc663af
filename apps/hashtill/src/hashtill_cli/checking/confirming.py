"""I2: whoever is charged said yes: the linked author, in time by the network's clock, or mail or page."""

from collections.abc import Iterator
from datetime import UTC, datetime

from hashtill_cli.checking.findings import Breach, Invariant
from hashtill_cli.checking.rows import Case, OrderRow
from kernel.ids import X
from kernel.snowflakes import time_of_snowflake

BY_POST = frozenset({"POST", "REPOST"})
BY_HAND = frozenset({"MAIL", "PAGE"})

EVER = datetime.min.replace(tzinfo=UTC)


def breaches(case: Case, *, posts_since: datetime = EVER) -> Iterator[Breach]:
    """Find charges, whatever became of them, that nobody confirmed as they must.

    `posts_since`: what was posted before, the gateway may have forgotten.
    """
    if case.order is None or not case.charges:
        return
    for what in _wrong(case, case.order, posts_since):
        posts = (case.order.post_id, case.order.confirmation_version_id or "")
        order_id = str(case.order_id)
        yield Breach(invariant=Invariant.CONFIRMED, what=what, ids=(order_id, *filter(None, posts)), order_id=order_id)


def _wrong(case: Case, order: OrderRow, posts_since: datetime) -> Iterator[str]:
    if order.confirmation_kind not in BY_POST | BY_HAND or order.confirmed_at is None:
        yield "It was charged and nobody confirmed."
        return
    if order.confirm_by is not None and order.confirmed_at > order.confirm_by:
        yield f"It was confirmed {(order.confirmed_at - order.confirm_by).total_seconds():g} s late."
    if order.second_step_asked and not order.second_step_passed:
        yield "A second step was asked for and never taken."
    if order.confirmation_kind in BY_POST:
        yield from _wrong_post(case, order, kept=order.confirmed_at >= posts_since)


def _wrong_post(case: Case, order: OrderRow, *, kept: bool) -> Iterator[str]:
    if order.confirmation_version_id is None:
        yield "It names no confirming post."
        return
    yield from _wrong_time(order, order.confirmation_version_id)
    found = [post for post in case.confirming_posts if post.network == order.network]
    if kept and not found:
        yield "The gateway never kept the confirming post."
    elif found and all(post.author_id != order.author_id for post in found):
        yield f"The confirming post is by {found[0].author_id}, the order by {order.author_id}."
    if case.link is None or (case.link.network, case.link.network_user_id) != (order.network, order.author_id):
        yield "The link is not the author's."


def _wrong_time(order: OrderRow, version_id: str) -> Iterator[str]:
    if order.confirm_by is None:
        yield "A post confirmed before the 15 minutes began."
    elif order.network == X and version_id.isdecimal() and time_of_snowflake(int(version_id)) > order.confirm_by:
        yield "The confirming post's id is of a time after the window."
