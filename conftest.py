"""Every test of the tree may ask for real servers; see hashtill_cli.testing."""

import pytest

import sandbox  # noqa: F401 - first, or pytest takes the folder sandbox/ (of sandbox/tests) for the package

pytest_plugins = ["hashtill_cli.testing"]

JOURNEYS = "tests/journeys"
"""All journeys share one running suite, so one worker takes them all; elsewhere a worker takes a file."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell xdist which tests go together."""
    for item in items:
        place = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(JOURNEYS if place.startswith(JOURNEYS) else place))
