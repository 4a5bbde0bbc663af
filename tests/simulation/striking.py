"""Striking: what the faults that were planned do to the world."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

from tests.simulation.chance import Fault
from tests.simulation.world import World


def _crash(world: World, target: str, amount: float) -> None:
    world.stage.nodes[target].crash(down_seconds=amount)


def _broker_down(world: World, _target: str, amount: float) -> None:
    world.broker.go_down(amount)


def _lose_tail(world: World, target: str, amount: float) -> None:
    lost = world.broker.lose_tail(target, int(amount))
    world.stage.tell("broker", f"{target} lost {lost}")


def _cut(world: World, target: str, amount: float) -> None:
    caller, called = target.split("-")
    world.suite.switchboard.cut(caller, called, seconds=amount)


def _drop(world: World, target: str, amount: float) -> None:
    world.x.drop(target, seconds=amount)


def _step_clock(world: World, target: str, amount: float) -> None:
    world.step_clock(target, off=timedelta(seconds=amount))


STRIKES: Mapping[Fault, Callable[[World, str, float], None]] = MappingProxyType(
    {
        Fault.CRASH_AT_REST: _crash,
        Fault.BROKER_DOWN: _broker_down,
        Fault.TAIL_LOST: _lose_tail,
        Fault.PEER_UNREACHABLE: _cut,
        Fault.STREAM_DROPPED: _drop,
        Fault.CLOCK_STEPPED: _step_clock,
    }
)
"""The faults that have a time of their own; all others are drawn where they can strike."""
