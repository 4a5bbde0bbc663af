"""What a process beside a bench says: long texts through a pipe that holds less, while signals come."""

import os
import subprocess
import sys

LETTERS = 300_000
"""More than a pipe holds."""

ALARMS = 10
"""So many come before anybody reads: the first ones perhaps too soon, the last ones while it waits at the full pipe."""

CHILD = f"""
import os, signal
from hashtill_cli.bench.beside import say_whole
signal.signal(signal.SIGALRM, lambda *_: os.write(2, b"!"))
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
say_whole({{"seen": "x" * {LETTERS}}})
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def test_what_was_seen_is_written_whole_though_nothing_buffers_it_and_signals_come() -> None:
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stderr.read(ALARMS)
        said = child.stdout.read()

    assert len(said) > LETTERS
    assert child.returncode == 0
