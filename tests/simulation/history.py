"""History: not only how orders ended but how they came there: no gap, no second end, nothing after the end."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.simulation.coverage import UNREACHABLE
from tests.simulation.world import World

from chassis.outbox import OutboxMessage
from kernel.ids import OrderId
from orders.domain import saga
from orders.domain.change import Step
from orders.domain.order import Order
from orders.domain.states import Fact
from orders.usecases.ports import StoryStep

_NOTES = frozenset({"Disowned", "ConfirmationKept"})
"""What is written down without moving an order; only the first may come after the end."""

_LAST_WORDS = frozenset({"OrderExpired", "OrderDeclined", "OrderCancelled", "OrderVoided", "PurchaseRefused"})


def broken_histories(world: World) -> list[str]:
    """Give what is wrong with any order's story, or with what was told of it."""
    steps = defaultdict[OrderId, list[Step]](list)
    for (order_id, _), each in sorted(world.orders.store.log.items()):
        steps[order_id].append(each.step)
    orders = world.orders.store.orders.values()
    found = [f"HISTORY {order.order_id}: {what}" for order in orders for what in _broken(order, steps[order.order_id])]
    return found + [f"HISTORY {what}" for what in _twice_ended(world)]


def steps_of(world: World, order_id: OrderId) -> list[StoryStep]:
    """Give an order's steps, oldest first."""
    found = [(version, step) for (of_order, version), step in world.orders.store.log.items() if of_order == order_id]
    return [step for _, step in sorted(found, key=lambda pair: pair[0])]


def _broken(order: Order, steps: Sequence[Step]) -> Iterator[str]:
    versions = [step.version for step in steps]
    if versions != list(range(1, order.version + 1)):
        yield f"its versions are {versions}, it stands at {order.version}"
    if steps and steps[-1].to_state is not order.state:
        yield f"its story ends at {steps[-1].to_state}, it stands at {order.state}"
    if sum(step.cause == Fact.CONFIRMED for step in steps) > 1:
        yield "it was confirmed twice"
    for before, after in pairwise(steps):
        yield from _broken_between(before, after)


def _broken_between(before: Step, after: Step) -> Iterator[str]:
    if after.from_state is not before.to_state:
        yield f"version {after.version} goes from {after.from_state}, but stood at {before.to_state}"
    if before.to_state in saga.FINAL and after.cause != "Disowned":
        yield f"{after.cause} came after its end, {before.to_state}"
    if after.cause not in _NOTES:
        yield from _impossible(before, Fact(after.cause))


def _impossible(before: Step, fact: Fact) -> Iterator[str]:
    if saga.step(before.to_state, fact) is None:
        yield f"{fact} does nothing in {before.to_state}, and it happened"
    if why := UNREACHABLE.get((before.to_state, fact)):
        yield f"{fact} happened in {before.to_state}, and should not: {why}"


def _twice_ended(world: World) -> Iterator[str]:
    """Find orders of which two ends were told."""
    told = Counter[str]()
    for message in world.orders.database.outbox.messages:
        if isinstance(message, OutboxMessage) and message.event.DESCRIPTOR.name in _LAST_WORDS:
            told[message.aggregate] += 1
    yield from (f"{order_id}: {count} ends were told" for order_id, count in told.items() if count > 1)
