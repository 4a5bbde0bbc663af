"""Our draws are ours: no library shifts them, and forked processes do not draw the same."""

import random
import subprocess
import sys

from kernel.chance import CHANCE

FORKED = """
import os
from kernel.chance import CHANCE
CHANCE.seed(1)
if os.fork() == 0:
    print("child", CHANCE.random(), flush=True)
    os._exit(0)
os.wait()
print("parent", CHANCE.random())
"""


def test_what_libraries_draw_does_not_shift_ours() -> None:
    CHANCE.seed(1)
    alone = [CHANCE.random() for _ in range(3)]

    CHANCE.seed(1)
    beside = [(CHANCE.random(), random.random())[0] for _ in range(3)]  # noqa: S311 - as a library does

    assert beside == alone


def test_a_forked_process_draws_something_else() -> None:
    command = [sys.executable, "-c", FORKED]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours

    drawn = dict(line.split() for line in said.splitlines())

    assert drawn.keys() == {"child", "parent"}
    assert drawn["child"] != drawn["parent"]
