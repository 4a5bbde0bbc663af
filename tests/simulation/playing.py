"""Playing a seed: set up, tell the stories in their weather, let the world heal, and judge what is left."""

import gc
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from tests.simulation.chance import Fault, stream
from tests.simulation.judging import judge
from tests.simulation.plan import ENDS, FAULTS_END, ORDERS_LEAST, Plan, PlannedFault, Told, plan_of
from tests.simulation.stage import Stage
from tests.simulation.striking import STRIKES
from tests.simulation.telling import Teller
from tests.simulation.world import World

from kernel.chance import CHANCE

BUSY_LEAST = timedelta(minutes=30)
LOOK_SECONDS = 300.0
"""Whether anybody still waits for posts is looked at this often: it decides how often X's heart beats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a seed."""

    seed: int
    plan: Plan
    trace_hash: str
    breaches: Sequence[str]
    orders: int
    steps: int
    transitions: Counter[tuple[str, str, str]]
    """How often each step of the saga was taken: from, cause, to."""
    faults: Counter[Fault]
    struck: Sequence[str]
    world: World | None = None


def play(
    seed: int,
    *,
    orders_least: int = ORDERS_LEAST,
    spared: frozenset[str] = frozenset(),
    untold: frozenset[int] = frozenset(),
    keep: bool = False,
) -> Played:
    """Play one seed, without the `spared` faults and the `untold` stories; the same arguments give the same trace."""
    plan = plan_of(seed, orders_least=orders_least)
    aside = Context()  # whatever span or deadline is open here is none of theirs
    played = aside.run(_play, seed, plan, spared, untold)
    return played if keep or played.breaches else replace(played, world=None)


def _play(seed: int, plan: Plan, spared: frozenset[str], untold: frozenset[int]) -> Played:
    stage = Stage(seed, storm=plan.storm, spared=spared)
    world = World(stage)
    with _undisturbed(seed):
        told = [each for each in plan.stories if each.number not in untold]
        world.set_up([person for each in plan.stories for person in each.cast])
        stage.weather.fair = False
        _begin(world, plan, told)
        world.run_for(FAULTS_END)
        _heal(world)
        world.run_for(ENDS - FAULTS_END)
        breaches = judge(world, told)
        world.close()
    return Played(
        seed=seed,
        plan=plan,
        trace_hash=stage.trace_hash(),
        breaches=breaches,
        orders=len(world.orders.store.orders),
        steps=stage.loop.steps,
        transitions=_transitions(world),
        faults=stage.weather.counts,
        struck=stage.weather.struck,
        world=world,
    )


def _begin(world: World, plan: Plan, told: Sequence[Told]) -> None:
    loop = world.stage.loop
    for each in told:
        loop.call_later(each.begins_after, _tell, world, each)
    for fault in plan.faults:
        loop.call_later(fault.at, _strike, world, fault)
    loop.call_later(BUSY_LEAST.total_seconds(), _look_whether_busy, world)


def _tell(world: World, told: Told) -> None:
    name = f"story {told.number} ({told.name})"
    teller = Teller(world, name, stream(world.stage.seed, name))
    world.tellers[told.number] = teller
    world.stage.tell(name, " ".join(person.account.handle for person in told.cast))

    async def tell() -> None:
        try:
            await told.story.tell(teller, *told.cast)
        except Exception as error:  # noqa: BLE001 - a story that cannot be told is a failure of the seed
            world.stage.bug(name, error)

    world.telling.append(world.stage.loop.create_task(tell(), name=name))


def _strike(world: World, planned: PlannedFault) -> None:
    """Let a planned fault happen."""
    weather, where = world.stage.weather, f"{planned.target} {planned.amount:.3f}"
    if not weather.fair and weather.planned(planned.fault, where, number=planned.number):
        STRIKES[planned.fault](world, planned.target, planned.amount)


def _look_whether_busy(world: World) -> None:
    world.x.busy = world.waits_for_posts()
    world.stage.loop.call_later(LOOK_SECONDS if world.x.busy else 12 * LOOK_SECONDS, _look_whether_busy, world)


def _heal(world: World) -> None:
    """Make everything whole: no more faults, true clocks, everybody reachable."""
    world.stage.tell("world", "heals")
    world.stage.weather.fair = True
    world.x.busy = True
    for node in world.stage.nodes.values():
        world.step_clock(node.name, off=timedelta(0))


def _transitions(world: World) -> Counter[tuple[str, str, str]]:
    steps = (each.step for each in world.orders.store.log.values())
    return Counter((str(step.from_state or ""), step.cause, str(step.to_state)) for step in steps)


@contextmanager
def _undisturbed(seed: int) -> Iterator[None]:
    """Seed what our code draws, and keep logs and the collector out of it."""
    before, config = CHANCE.getstate(), structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    CHANCE.seed(f"{seed}:global")
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        structlog.configure(**config)
        CHANCE.setstate(before)
        if collecting:
            gc.enable()
