import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.simulation.playing import play

pytestmark = pytest.mark.timeout(600)  # a busy machine takes long to import all services twice

ROOT = Path(__file__).resolve().parents[2]
SEED, FIRST_UNTOLD = 22, 12
UNTOLD = frozenset(range(FIRST_UNTOLD))
"""Half of a seed's stories are enough to tell."""

PLAY = (
    f"from tests.simulation.playing import play;print(play({SEED}, untold=frozenset(range({FIRST_UNTOLD}))).trace_hash)"
)


def test_a_seed_played_again_is_the_same_to_the_last_callback_in_every_process() -> None:
    others = [_start_another_process(hash_seed) for hash_seed in ("1", "2")]

    here = [play(SEED, untold=UNTOLD).trace_hash for _ in range(2)]
    elsewhere = [other.communicate()[0].strip() for other in others]

    assert len({*here, *elsewhere}) == 1


def test_another_seed_is_another_story() -> None:
    assert play(SEED + 1, untold=UNTOLD).trace_hash != play(SEED, untold=UNTOLD).trace_hash


def _start_another_process(hash_seed: str) -> subprocess.Popen[str]:
    environ = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PLAY]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
