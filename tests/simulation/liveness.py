"""Liveness: in the end every order is where it must be, nothing waits, and every timely confirmation was honoured."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.simulation.books import waiting_rows
from tests.simulation.database import Database
from tests.simulation.history import steps_of
from tests.simulation.plan import Told
from tests.simulation.processor import CardKind
from tests.simulation.run_orders import LIMITS
from tests.simulation.stage import Node
from tests.simulation.world import World
from tests.simulation.x_posts import PROGRAM_ID, XPost

from identity.domain.link import LinkStatus
from kernel.ids import PostId, X
from orders.domain import saga
from orders.domain.order import Order
from orders.domain.posts import VerdictWord
from orders.domain.states import Fact, State

_AT_REST = saga.FINAL | {State.COMPLETED, State.NEEDS_ATTENTION}
_MAY_STAND_STILL = frozenset(
    {Fact.DEADLINE_PASSED.value, Fact.LAPSED_AGAIN.value, Fact.DECLINED.value, Fact.STUCK.value}
)
"""What hands an order to an operator."""


def unfinished(world: World) -> list[str]:
    """Give what still waits, or stands where it must not."""
    return [f"LIVENESS {what}" for what in _unfinished(world)]


def unheard(world: World, told: Sequence[Told]) -> list[str]:
    """Give the timely confirmations that came to nothing, without a reason that was written down."""
    cards = {person.cardmember_id: person.card for each in told for person in each.cast}
    found = []
    for order in world.orders.store.orders.values():
        found += [f"LIVENESS {order.order_id}: {what}" for what in _unheard(world, order)]
        found += [f"LIVENESS {order.order_id}: {what}" for what in _misplaced(world, order, cards[order.cardmember_id])]
    return found


def _unfinished(world: World) -> Iterator[str]:
    for order in world.orders.store.orders.values():
        if order.state not in _AT_REST:
            yield f"{order.order_id} stands at {order.state}"
        elif order.next_step_at is not None:
            yield f"{order.order_id} is {order.state} and has a step to take"
    yield from (f"{row.kind} {row.id} waits" for row in waiting_rows(world))
    for run in world.runs:
        yield from _unsaid(run.node, run.database)
    for name, durable in world.broker.durables.items():
        if not name.endswith("-tags") and (count := durable.waiting()) > 0:
            yield f"{count} messages wait for {name}"


def _unsaid(node: Node, database: Database) -> Iterator[str]:
    if (count := database.unpublished()) > 0:
        yield f"{count} outbox rows of {node.name} are in no stream"
    for consumer, message, reason in database.dead_letters:
        yield f"{consumer} gave {message} up: {reason}"
    if not node.up:
        yield f"{node.name} is down"


def _unheard(world: World, order: Order) -> Iterator[str]:
    """Find a confirmation in time by the network's ids, if the order ended as if there were none."""
    if order.confirmation is not None or order.state is not State.EXPIRED:
        return
    prompt = world.x.posts.get(int(order.prompt_post_id)) if order.prompt_post_id is not None else None
    if prompt is None:
        yield "it expired, and nobody was ever asked"
        return
    ended_at = _ended_at(world, order)
    if world.orders.was_dark_at(ended_at) or _was_unlinked_at(world, order, ended_at):
        return
    for post in world.x.posts.values():
        if _confirms(post, order, prompt) and _could_be_read(world, post) and not _was_deleted_first(world, post):
            late = (post.at - prompt.at).total_seconds()
            yield f"it expired, though {post.post_id} confirmed it {late:.3f} s after our reply"


def _misplaced(world: World, order: Order, card: CardKind) -> Iterator[str]:
    """Find an order in an operator's hands for no reason, or declined with a good card."""
    last = steps_of(world, order.order_id)[-1].step
    if order.state is State.NEEDS_ATTENTION and last.cause not in _MAY_STAND_STILL | {"Disowned"}:
        yield f"{last.cause} handed it to an operator"
    if order.state is State.DECLINED and card is not CardKind.DECLINED:
        yield f"it was declined with a card that {card}"


def _confirms(post: XPost, order: Order, prompt: XPost) -> bool:
    if post.author.user_id != order.author_id or post.author.user_id == PROGRAM_ID:
        return False
    if not prompt.at <= post.at <= prompt.at + LIMITS.confirm_window:
        return False
    if post.kind == "repost":
        return post.target is not None and post.target.post_id == prompt.post_id
    return str(order.confirmation_tag) in {tag.casefold() for tag in post.tags}


def _could_be_read(world: World, post: XPost) -> bool:
    """Whether a post was kept, or must have been: what was deleted or edited while we did not look is gone."""
    kept = any(each.version_id == PostId(str(post.post_id)) for each in world.gateway.store.kept.values())
    return kept or post.post_id not in world.x.deleted | world.x.replaced


def _was_unlinked_at(world: World, order: Order, at: datetime) -> bool:
    """Whether its link was over by then: whoever is not linked is not read, and buys nothing more."""
    link = world.identity.store.links[order.link_id]
    return link.status is not LinkStatus.ACTIVE and link.updated_at <= at


def _was_deleted_first(world: World, post: XPost) -> bool:
    """Whether orders heard of its end before it heard of the post: then it has no effect any more."""
    known = world.orders.store.verdicts.get((X, PostId(str(post.post_id))))
    return known is not None and known.verdict.word is VerdictWord.CANCELLED


def _ended_at(world: World, order: Order) -> datetime:
    steps = steps_of(world, order.order_id)
    return next((each.at for each in steps if each.step.cause == Fact.DEADLINE_PASSED), order.updated_at)
