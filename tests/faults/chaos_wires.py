"""Blows at wires: each connection between two processes cut, silent or slow, one after the other."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from tests.faults.chaos_blows import Blow
from tests.faults.chaos_ground import Ground
from tests.faults.chaos_links import Link

from hashtill_cli.embedded.servers import SERVICES

LASTS_SECONDS = 5.0
"""Longer than a call may take, and than a heartbeat may be missing."""

DELAY_SECONDS = 0.3

KINDS: dict[str, Callable[[Link], None]] = {
    "cut": Link.cut,
    "silent": Link.silence,
    "slow (300 ms)": partial(Link.slow, seconds=DELAY_SECONDS),
}


def wire_blows(names: Iterable[str]) -> Iterator[Blow]:
    """Give one blow a wire and kind; the table joins those that lead to the same."""
    for name in names:
        for kind, strike in KINDS.items():
            yield Blow(name=f"wire {kind}: {_group(name)}", strike=partial(_struck, name=name, kind=strike))


def _group(name: str) -> str:
    peer = name.partition(">")[2]
    if peer in SERVICES:
        return "service to service"
    return f"service to {peer}" if peer in {"postgres", "nats"} else "service to outside"


async def _struck(ground: Ground, *, name: str, kind: Callable[[Link], None]) -> str:
    link = ground.links[name]
    kind(link)
    try:
        await asyncio.sleep(LASTS_SECONDS)
    finally:
        link.heal()
    return ""
