"""The bench from its command line: a small run through the whole suite, whose sides agree at the end."""

import json
import subprocess
import sys

import pytest

RUN_SECONDS_MAX = 110.0


@pytest.mark.servers
@pytest.mark.parametrize("wires", [[], ["--core"]])
def test_a_small_run_ends_with_its_figures_and_nothing_lost(wires: list[str]) -> None:
    sizes = ["--seconds", "1", "--warm", "1", "--members", "6", "--in-flight", "3", "--pgbench", "1"]

    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "hashtill_cli", "bench", "purchases", *sizes, *wires],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])
    assert figures["ok"]
    assert figures["purchases_per_second"] > 0
    assert figures["pgbench_tps"] > 0
    assert figures["unfinished"] == 0
