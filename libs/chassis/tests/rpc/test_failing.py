"""Failing on purpose: a file arms one strike, and whoever takes it has the effect."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.failing import FailpointError, Strikes, arm_failpoints
from kernel.failpoints import FailPoint, disarm, failpoint

POINT = FailPoint.ORDERS_STEP_COMMITTED


@pytest.fixture
def armed(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "orders").mkdir()
    arm_failpoints(tmp_path, service="orders")
    yield tmp_path / "orders" / POINT
    disarm()


def test_a_file_makes_its_point_fail_once(armed: Path) -> None:
    armed.write_text("raise\n")

    with pytest.raises(FailpointError, match=POINT):
        failpoint(POINT)
    failpoint(POINT)

    assert armed.with_name(f"{POINT}.struck").exists()


def test_another_point_and_another_service_are_left_alone(armed: Path) -> None:
    armed.write_text("raise")

    failpoint(FailPoint.ORDERS_STEP_UNCOMMITTED)
    Strikes(armed.parent.parent / "offers")(POINT)

    assert armed.exists()


def test_after_a_pause_the_process_goes_on(armed: Path) -> None:
    armed.write_text("pause 0.01")

    failpoint(POINT)

    assert not armed.exists()


def test_a_kill_leaves_no_time_for_anything(armed: Path) -> None:
    armed.write_text("kill")

    child = os.fork()
    if child == 0:
        failpoint(POINT)
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert os.WTERMSIG(status) == signal.SIGKILL


def test_without_a_folder_nothing_is_armed() -> None:
    arm_failpoints(None, service="orders")

    failpoint(POINT)
