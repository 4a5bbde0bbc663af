import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from hashtill_cli.embedded.ports import answers, free_port

ROOT = Path(__file__).resolve().parents[3]

WITHIN_SECONDS = 20.0


@contextmanager
def toy_suite(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "apps.hashtill.tests.toy_suite", str(folder), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own toy
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def lives(folder: Path) -> list[int]:
    return [int(pid) for pid in (folder / "lives").read_text().split()]


def comes_true(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + WITHIN_SECONDS
    while not condition() and time.monotonic() < give_up_at:
        os.sched_yield()
    return condition()


def test_ctrl_c_ends_everything_cleanly(tmp_path: Path) -> None:
    with toy_suite(tmp_path, str(free_port())) as suite:
        assert line(suite) == "toy is ready"

        suite.send_signal(signal.SIGINT)

        assert line(suite) == "killed: []"
        assert suite.wait(WITHIN_SECONDS) == 0
        assert not psutil.pid_exists(lives(tmp_path)[0])


def test_what_dies_is_forked_again_on_its_address(tmp_path: Path) -> None:
    port = free_port()
    with toy_suite(tmp_path, str(port)) as suite:
        assert line(suite) == "toy is ready"

        os.kill(lives(tmp_path)[0], signal.SIGKILL)

        assert line(suite).startswith("toy died (SIGKILL); starting it again in 0.2 s.")
        assert comes_true(lambda: len(lives(tmp_path)) == 2)
        assert comes_true(lambda: answers(port))


def test_no_orphan_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with toy_suite(tmp_path, str(free_port())) as suite:
        assert line(suite) == "toy is ready"

        suite.kill()

        assert comes_true(lambda: not psutil.pid_exists(lives(tmp_path)[0]))


def test_wrong_settings_stop_the_start_with_the_last_words_of_the_process(tmp_path: Path) -> None:
    with toy_suite(tmp_path, str(free_port()), "78") as suite:
        first, said, rest = line(suite), line(suite), suite.communicate(timeout=WITHIN_SECONDS)[0]

    assert rest.splitlines()[-1] == "left: []"
    assert first == "toy ended with code 78 instead of starting:"
    assert said == "TOY_PORT is wrong: it is not a number"


def test_what_cannot_start_is_tried_three_times(tmp_path: Path) -> None:
    with toy_suite(tmp_path, str(free_port()), "1") as suite:
        said = [line(suite) for _ in range(3)]

    assert said[-1] == "toy ended with code 1 instead of starting:"
    assert len(lives(tmp_path)) == 3
