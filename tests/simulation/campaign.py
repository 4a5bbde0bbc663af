"""A campaign: many seeds on every core, and what they add up to: rates, steps of the saga, faults, broken promises."""

import gc
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.simulation import coverage
from tests.simulation.chance import Fault
from tests.simulation.plan import ORDERS_LEAST
from tests.simulation.playing import Played, play

CHUNK = 5
SEEDS_FOR_COVERAGE = 1_000
"""From so many seeds on, a step of the saga or a fault that was never seen fails the campaign."""


@dataclass(slots=True)
class Sum:
    """What seeds add up to."""

    seeds: int = 0
    orders: int = 0
    steps: Counter[coverage.Step] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)
    """The seeds that broke a promise, and which."""

    def add(self, other: "Sum") -> None:
        """Add what others played."""
        self.seeds, self.orders = self.seeds + other.seeds, self.orders + other.orders
        self.steps += other.steps
        self.faults += other.faults
        self.failed |= other.failed


def run_campaign(
    first: int, count: int, *, orders_least: int = ORDERS_LEAST, workers: int | None = None
) -> tuple[Sum, float]:
    """Play seeds; gives what they add up to, and how many seconds it took."""
    began, total = time.perf_counter(), Sum()
    chunks = [range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK)]
    play_chunk = partial(play_all, orders_least=orders_least)
    for each in _played(play_chunk, chunks, workers=workers or os.cpu_count() or 1):
        total.add(each)
    return total, time.perf_counter() - began


def play_all(seeds: Sequence[int], *, orders_least: int = ORDERS_LEAST) -> Sum:
    """Play seeds one after the other."""
    total = Sum()
    with _collecting_between():
        for seed in seeds:
            total.add(_sum_of(play(seed, orders_least=orders_least)))
            gc.collect()
    return total


def lines_of(total: Sum, seconds: float) -> Iterator[str]:
    """Write what a campaign came to."""
    yield f"{total.seeds} seeds, {total.orders} orders in {seconds:.1f} s:"
    yield f"  {total.seeds / seconds:.2f} seeds/s, {total.orders / seconds:.0f} orders/s"
    yield "steps of the saga:"
    ordered = sorted(total.steps.items(), key=lambda pair: -pair[1])
    yield from (f"  {number:>8} {state} + {fact}" for (state, fact), number in ordered)
    yield f"  never taken: {coverage.written(coverage.never_taken(total.steps))}"
    yield from (f"  impossible: {state} + {fact} ({why})" for (state, fact), why in coverage.UNREACHABLE.items())
    yield "faults:"
    yield from (f"  {total.faults[fault]:>8} {fault}" for fault in Fault)
    yield f"failed: {len(total.failed) or 'none'}"
    yield from (f"  {seed:>8} {breach}" for seed, breach in sorted(total.failed.items()))


def is_covered(total: Sum) -> bool:
    """Tell whether every fault was there, and, of a campaign that is long enough, every step of the saga."""
    steps_due = total.seeds >= SEEDS_FOR_COVERAGE
    return not coverage.never_struck(total.faults) and not (steps_due and coverage.never_taken(total.steps))


def _sum_of(played: Played) -> Sum:
    return Sum(
        seeds=1,
        orders=played.orders,
        steps=coverage.taken(played.transitions),
        faults=played.faults,
        failed={played.seed: played.breaches[0]} if played.breaches else {},
    )


@contextmanager
def _collecting_between() -> Iterator[None]:
    """Let the collector look at the worlds that were played, when they are over, and not at what was there before."""
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()


def _played(play_chunk: Callable[[Sequence[int]], Sum], chunks: Sequence[range], *, workers: int) -> Iterator[Sum]:
    if workers == 1 or len(chunks) == 1:
        yield from map(play_chunk, chunks)
        return
    gc.freeze()
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap_unordered(play_chunk, chunks)
