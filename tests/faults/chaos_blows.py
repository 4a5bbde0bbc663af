"""Blows at processes: killed, held down, short of files, under a wrong clock, on a slow disk; each is undone again."""

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import psutil
from tests.faults import chaos_seams
from tests.faults.chaos_ground import ALL, WINDOW_SECONDS, Ground
from tests.faults.chaos_links import between
from tests.faults.chaos_shims import ARMED_FSYNC, compiler

from hashtill_cli.embedded.servers import SERVICES

SLOW_SECONDS = 10.0
CLOCK_SECONDS = 12.0
FILES_SECONDS = 6.0
"""How long each of these lasts: several rounds of everything that polls or beats."""

OUTAGE_SECONDS = WINDOW_SECONDS + 8.0
"""Every prompt of before runs out while nobody reads."""

SKEW_SECONDS = 600


class Promise(StrEnum):
    """What is promised of a blow beyond a clean check."""

    NOTHING = ""
    STALL = "stall"
    SERVING = "serving"
    REBUILT = "rebuilt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """Something that happens to a running suite; `strike` ends when it is over, and may say what was done."""

    name: str
    strike: Callable[[Ground], Awaitable[str]]
    promise: Promise = Promise.NOTHING
    skipped: str = ""
    """Why it cannot be struck on this machine."""


def process_blows() -> Iterator[Blow]:
    """Give every blow at a process."""
    for service in SERVICES:
        yield Blow(name=f"kill -9 {service}", strike=partial(_killed, names=(service,)), promise=Promise.STALL)
    yield Blow(name="kill -9 nats-server", strike=partial(_killed, names=("nats",)))
    yield Blow(name="kill -9 postmaster", strike=partial(_killed, names=("postgres",)), promise=Promise.SERVING)
    yield Blow(name="kill -9 everything", strike=partial(_killed, names=tuple(ALL)))
    yield Blow(name="orders away for longer than the window", strike=_orders_away)
    for service in SERVICES:
        yield Blow(name="no more files for a service", strike=partial(_no_files, service=service))
    without = "" if compiler() else "there is no C compiler"
    yield Blow(name="fsync takes 50 ms longer", strike=_slow_disk, skipped=without)
    for service in SERVICES:
        for seconds in (SKEW_SECONDS, -SKEW_SECONDS):
            strike = partial(_wrong_clock, service=service, seconds=seconds)
            yield Blow(name=f"clock of a service {seconds / 60:+g} min", strike=strike, skipped=without)


async def _killed(ground: Ground, *, names: tuple[str, ...]) -> str:
    before = {name: ground.pid(name) for name in names}
    ground.kill(*names)
    for name, pid in before.items():
        await ground.reborn(name, after=pid)
    return ""


async def _orders_away(ground: Ground) -> str:
    gate = chaos_seams.gate_of(ground.home, "orders")
    gate.touch()
    try:
        await _killed(ground, names=("orders",))
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        gate.unlink()
    return ""


async def _no_files(ground: Ground, *, service: str) -> str:
    """Let it open no file more than it has, and tear its connections: it cannot make them again before the end."""
    process = psutil.Process(ground.pid(service))
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    links = list(between(ground.links, "*", service))
    process.rlimit(
        psutil.RLIMIT_NOFILE, (process.num_fds() // 2, resource.RLIM_INFINITY if before[1] < 0 else before[1])
    )
    try:
        for link in links:
            link.cut()
            link.heal()
        await asyncio.sleep(FILES_SECONDS)
    finally:
        if process.is_running():
            process.rlimit(psutil.RLIMIT_NOFILE, before)
    return ""


async def _slow_disk(ground: Ground) -> str:
    armed = ground.home / ARMED_FSYNC
    armed.touch()
    try:
        await asyncio.sleep(SLOW_SECONDS)
    finally:
        armed.unlink()
    return ""


async def _wrong_clock(ground: Ground, *, service: str, seconds: int) -> str:
    clock = chaos_seams.clock_of(ground.home, service)
    clock.write_text(str(seconds))
    try:
        await _replaced(ground, service)
        await asyncio.sleep(CLOCK_SECONDS)
    finally:
        clock.unlink()
        await _replaced(ground, service)
    return ""


async def _replaced(ground: Ground, service: str) -> None:
    before = ground.pid(service)
    ground.signal(service, signal.SIGTERM)
    await ground.reborn(service, after=before)
