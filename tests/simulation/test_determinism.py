import os
import random
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from tests.simulation.playing import play
from tests.simulation.watching import watching

pytestmark = pytest.mark.timeout(600)  # a busy machine takes long to import all services twice

ROOT = Path(__file__).resolve().parents[2]
SEED, FIRST_UNTOLD = 22, 12
UNTOLD = frozenset(range(FIRST_UNTOLD))
"""Half of a seed's stories are enough to tell."""

PLAY = (
    f"from tests.simulation.playing import play;print(play({SEED}, untold=frozenset(range({FIRST_UNTOLD}))).trace_hash)"
)
MEASURED = f"""
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
set_meter_provider(MeterProvider(metric_readers=[InMemoryMetricReader()], shutdown_on_exit=False))
{PLAY}
"""
"""Who measures draws examples of what it measures: by chance, from a source that all of a process share."""


def test_a_seed_played_again_is_the_same_to_the_last_callback_in_every_process() -> None:
    others = [_start_another_process(PLAY, hash_seed="1"), _start_another_process(MEASURED, hash_seed="2")]

    here = [play(SEED, untold=UNTOLD).trace_hash for _ in range(2)]
    elsewhere = [other.communicate()[0].strip() for other in others]

    assert len({*here, *elsewhere}) == 1


def test_another_seed_is_another_story() -> None:
    assert play(SEED + 1, untold=UNTOLD).trace_hash != play(SEED, untold=UNTOLD).trace_hash


def test_a_play_asks_no_real_clock_draws_no_real_chance_and_starts_no_thread() -> None:
    with watching() as called:
        play(SEED, untold=UNTOLD)

    assert called == {}


def test_whatever_asks_a_real_clock_or_draws_real_chance_is_seen() -> None:
    with watching() as called:
        datetime.now(UTC), monotonic(), uuid.uuid4(), random.uniform(0, 1)  # noqa: S311 - what must not be

    assert {each.split()[0] for each in called} == {"datetime.now", "monotonic", "urandom", "Random.random"}


def _start_another_process(program: str, *, hash_seed: str) -> subprocess.Popen[str]:
    environ = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
