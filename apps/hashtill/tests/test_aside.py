import subprocess
import sys


def toy(*arguments: str) -> str:
    command = [sys.executable, "-m", "apps.hashtill.tests.toy_aside", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout  # noqa: S603 - our own program


def test_work_aside_speaks_on_our_output_and_gives_its_code() -> None:
    said = toy("end", "3")

    assert said.splitlines() == ["aside works", "ended by itself: True", "code: 3"]


def test_work_that_stays_is_stopped() -> None:
    said = toy("stay")

    assert said.splitlines()[-1] == "code: -15"
