import os
import subprocess
import sys
from pathlib import Path

from tests.simulation.playing import play

ROOT = Path(__file__).resolve().parents[2]
SEED = 22
PLAY = f"from tests.simulation.playing import play; print(play({SEED}).trace_hash)"


def test_a_seed_played_again_is_the_same_to_the_last_callback_in_every_process() -> None:
    here = [play(SEED).trace_hash for _ in range(2)]
    elsewhere = [_hash_in_another_process(hash_seed) for hash_seed in ("1", "2")]

    assert len({*here, *elsewhere}) == 1


def test_another_seed_is_another_story() -> None:
    assert play(SEED + 1).trace_hash != play(SEED).trace_hash


def _hash_in_another_process(hash_seed: str) -> str:
    environ = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PLAY]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return done.stdout.strip()
