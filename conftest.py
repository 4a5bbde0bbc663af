"""Every test of the tree may ask for real servers; see hashtill_cli.testing."""

import os
from collections.abc import Iterator

import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

import sandbox  # noqa: F401 - first, or pytest takes the folder sandbox/ (of sandbox/tests) for the package

pytest_plugins = ["hashtill_cli.testing"]

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
"""A worker starts servers by fork while its tests' calls are under way: gRPC would revive its threads in the child, and
can end that before it becomes the server. The supervisor forks before it makes any call (`supervisor/forking.py`)."""

JOURNEYS = "tests/journeys"
"""All journeys share one running suite, so one worker takes them all; elsewhere a worker takes a file."""


class _ByPlace(LoadFileScheduling):  # type: ignore[misc] # xdist brings no types
    """What xdist gives to one worker: a file, or the journeys."""

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEYS if nodeid.startswith(JOURNEYS) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Tell xdist which tests go together; its own marks for it are lost under pytest 9.2."""
    return _ByPlace(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes in one worker's hands, so that both have work to the end."""
    items.sort(key=lambda item: (not item.nodeid.startswith(JOURNEYS), not item.nodeid.startswith("tests/")))


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a test's command made of the logs: the next test in this worker may read them."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
