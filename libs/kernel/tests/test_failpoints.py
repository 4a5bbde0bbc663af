"""Failpoints: nothing happens at one unless it is armed."""

from collections.abc import Iterator

import pytest

from kernel.failpoints import FailPoint, arm, disarm, failpoint


@pytest.fixture(autouse=True)
def unarmed() -> Iterator[None]:
    disarm()
    yield
    disarm()


def test_an_armed_point_tells_where_the_process_is() -> None:
    passed: list[FailPoint] = []
    arm(passed.append)

    failpoint(FailPoint.RELAY_STORED)

    assert passed == [FailPoint.RELAY_STORED]


def test_a_disarmed_point_does_nothing() -> None:
    passed: list[FailPoint] = []
    arm(passed.append)
    disarm()

    failpoint(FailPoint.RELAY_STORED)

    assert passed == []


def test_every_point_names_who_fails_and_how_far_it_had_come() -> None:
    assert all(len(point.split(".")) >= 2 and point == point.lower() for point in FailPoint)
