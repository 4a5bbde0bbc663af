"""Two minutes of chaos: a suite under load loses its processes, its broker's store and its wires, and nothing else."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.faults.chaos import fresh_folder
from tests.faults.chaos_blows import Blow, process_blows
from tests.faults.chaos_ground import Ground
from tests.faults.chaos_report import Report
from tests.faults.chaos_run import Plan, run
from tests.faults.chaos_stores import store_blows
from tests.faults.chaos_wires import wire_blows

STRUCK = ("kill -9 orders", "kill -9 notifier", "kill -9 postmaster", "kill -9 everything", "JetStream store deleted")
"""Each dies in a way of its own; `make chaos` strikes everything there is."""

STREAM, WIRE = "tail of a stream cut off", "orders>postgres"

PLAN = Plan(rate=5.0, members=80, seconds=0.0, seed=7)

RUN_SECONDS_MAX = 600
"""Two minutes where nothing else runs; five were seen on a machine with ten others' work on each core."""


def _chosen(_: Ground) -> Sequence[Blow]:
    processes = [blow for blow in (*process_blows(), *store_blows()) if blow.name in STRUCK]
    stream = next(blow for blow in store_blows() if blow.name == STREAM)
    return [*processes, stream, *list(wire_blows([WIRE]))[:1]]


@pytest.mark.timeout(RUN_SECONDS_MAX)
def test_whatever_dies_under_load_every_purchase_is_accounted_for() -> None:
    said: list[str] = []
    with fresh_folder() as data:
        outcome = asyncio.run(run(PLAN, _chosen, data=data, tell=said.append))
    report = Report(title="Chaos", outcome=outcome, blows=[])

    assert report.broken() == [], "\n".join(said)
    assert len(outcome.effects) == len(STRUCK) + 2
    assert sum(outcome.accounts.ends.values()) > 0
