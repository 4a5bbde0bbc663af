"""The report of a failing seed: what is broken, the stories of the orders it names, and everything that happened."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from tests.simulation.history import steps_of
from tests.simulation.playing import Played
from tests.simulation.shrinking import Shrunk
from tests.simulation.world import World

from kernel.ids import OrderId

LINES_MAX, BREACHES_MAX = 400, 20
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DULL = re.compile(r"commits (Watermark:\S+ ?)+$")


def report_of(failed: Played, shrunk: Shrunk) -> str:
    """Write the report."""
    return "\n".join(_lines(failed, shrunk))


def trace_lines(world: World) -> list[str]:
    """Write what happened, without the watermarks that tell nothing."""
    told = (line for line in world.stage.trace if not _DULL.match(line[2]))
    return [f"{timedelta(seconds=round(at, 3))!s:>18.18}  {who:<10} {what}" for at, who, what in told]


def _lines(failed: Played, shrunk: Shrunk) -> Iterator[str]:
    played, world = shrunk.played, shrunk.played.world
    yield f"Seed {failed.seed} breaks a promise:"
    yield from (f"  {breach}" for breach in failed.breaches[:BREACHES_MAX])
    yield f"Shrunk in {shrunk.plays} plays, to these faults: {', '.join(played.struck) or 'none'}."
    yield from (f"  {breach}" for breach in played.breaches[:BREACHES_MAX])
    if world is not None:
        for order_id in dict.fromkeys(_UUID.findall(" ".join(played.breaches))):
            yield from _story(world, OrderId(UUID(order_id)))
        yield "What happened:"
        yield from trace_lines(world)[-LINES_MAX:]


def _story(world: World, order_id: OrderId) -> Iterator[str]:
    if order_id not in world.orders.store.orders:
        return
    yield f"The order {order_id}:"
    for each in steps_of(world, order_id):
        step, moved = each.step, f"{each.step.from_state} → {each.step.to_state}"
        yield f"  {each.at:%m-%d %H:%M:%S} v{step.version} {moved}  {step.cause}: {step.detail}"
