"""What a process beside a bench says: long texts through a pipe that holds less, while signals come."""

import os
import subprocess
import sys
import time

LETTERS = 300_000
"""More than a pipe holds."""

CHILD = f"""
import signal
from hashtill_cli.bench.beside import say_whole
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
print("ready")
say_whole({{"seen": "x" * {LETTERS}}})
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def test_what_was_seen_is_written_whole_though_nothing_buffers_it_and_signals_come() -> None:
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, env=environ, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)  # it writes into the full pipe, and is interrupted there
        said = child.stdout.read()

    assert len(said) > LETTERS
    assert child.returncode == 0
