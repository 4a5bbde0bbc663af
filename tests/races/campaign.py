"""A campaign: race after race until so many orders have been raced, each checked by its history."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from tests.races.drawing import Draw
from tests.races.ground import ground_on
from tests.races.history import breaches
from tests.races.preparing import prepare
from tests.races.reading import histories
from tests.races.running import run_race

from chassis.postgres import Database
from orders.domain.states import Fact

WAVE = 2_500
"""Orders of one race: their windows all end within a second."""

FIRST_AUTHOR = 10_000


@dataclass(slots=True, kw_only=True)
class Results:
    """What a campaign counted; `broken` has a sentence for each breach."""

    seed: int
    orders: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    racing_seconds: float = 0.0
    seconds: float = 0.0


async def race_orders(database: Database, *, orders: int, seed: int, tell: Callable[[str], None]) -> Results:
    """Race so many orders."""
    results, began_at = Results(seed=seed), monotonic()
    draw, ground = Draw(seed), ground_on(database)
    while results.orders < orders:
        size = min(WAVE, orders - results.orders)
        wave_at = ground.store.at
        prepared = await prepare(ground, draw, count=size, first_author=FIRST_AUTHOR + results.orders)
        raced_from = monotonic()
        lanes = await run_race(ground, draw, prepared, began_at=wave_at)
        results.racing_seconds += monotonic() - raced_from
        results.counts.update(copies=lanes.social.copies + lanes.replies.copies, posts=lanes.social.sent)
        found = await histories(ground, list(prepared))
        for order_id, (race, _) in prepared.items():
            history = found[order_id]
            wrong = breaches(race, history, slack=ground.world.limits.slack)
            results.broken += [f"{order_id}: {sentence} ({race.words})" for sentence in wrong]
            results.counts["confirmed" if history.count(Fact.CONFIRMED) else "expired"] += 1
            results.counts["had to be honoured"] += race.must_confirm
            results.counts["were late"] += not race.may_confirm
        results.orders += size
        results.seconds = monotonic() - began_at
        tell(f"{results.orders:,} orders, {len(results.broken)} breaches, {results.seconds:.0f} s")
        ground.store.at += timedelta(minutes=1)
    return results
