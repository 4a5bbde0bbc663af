"""Upgrades: the former release on this one's schema, and both side by side, buy and give back as one does alone."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tests.journeys.running import RunningSuite
from tests.upgrade.previous import PYTHON_PATH, NotInHistoryError, Release, lay_out_previous

from hashtill_cli.checking.reading.places import places_of
from hashtill_cli.checking.run import check
from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.scenarios.catalogue import SCENARIOS
from hashtill_cli.scenarios.telling import tell_all
from hashtill_cli.scenarios.world.campaign import load_programme, open_trial_house
from hashtill_cli.scenarios.world.world import open_world

TOLD = {
    "confirmed by a reply",
    "confirmed by the mail's button",
    "confirmed too late",
    "ten buyers for three units",
    "processor's answer lost after charging",
    "cancelled in the remorse time",
    "refunded after a return",
}
"""Stories that together take every edge between services."""

SETTLE_SECONDS = 25.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Release:
    try:
        return lay_out_previous(tmp_path_factory.mktemp("former"))
    except NotInHistoryError as problem:
        pytest.skip(str(problem))


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hashtill-upgrade-"))
    folder.chmod(PASSABLE)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_former_code_stands_before_ours(former: Release) -> None:
    program = "import orders, chassis, kernel; print(orders.__file__, chassis.__file__, kernel.__file__)"
    said = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": former.python_path}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert [path.startswith(f"{former.folder}/") for path in said.stdout.split()] == [True] * 3


async def test_the_former_release_lives_on_this_ones_schema(former: Release, data: Path) -> None:
    with running(RunningSuite(data)):
        pass

    with running(RunningSuite(data, variables={"PYTHONPATH": former.python_path})) as suite:
        problems = await problems_of(suite)

        assert (problems, len(of_former(suite, former)) >= len(SERVICES)) == ([], True)


async def test_both_releases_side_by_side_buy_as_one(former: Release, data: Path) -> None:
    both = RunningSuite(data, variables={PYTHON_PATH: former.python_path}, program="tests.upgrade.two_releases")

    with running(both) as suite:
        problems = await problems_of(suite)

        assert (problems, len(of_former(suite, former))) == ([], len(SERVICES))


@contextmanager
def running(suite: RunningSuite) -> Iterator[RunningSuite]:
    suite.start()
    try:
        yield suite
    finally:
        suite.stop()


def of_former(suite: RunningSuite, former: Release) -> list[psutil.Process]:
    """Find the processes that run the former release's code."""
    return [each for each in suite.processes() if each.environ().get("PYTHONPATH") == former.python_path]


async def problems_of(suite: RunningSuite) -> list[str]:
    """Tell the stories, wait for rest, and give what is wrong: stories that went otherwise, invariants that broke."""
    async with open_world(suite.book.processes, keyring=suite.keyring) as world:
        await load_programme(world.services, run=world.run)
        await open_trial_house(world.services)
        outcomes = await tell_all(
            [scenario for scenario in SCENARIOS if scenario.title in TOLD], world, ended=lambda _: None
        )
    found = await check(places_of(suite.data), settle_seconds=SETTLE_SECONDS)
    wrong = [f"{each.title}: {each.problem or each.failed}" for each in outcomes if each.problem or each.failed]
    return [*wrong, *(f"{each.invariant}: {each.breaches}" for each in found.verdicts if not each.holds)]
