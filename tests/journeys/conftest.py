"""Fixtures of the journeys: a collector, a suite, and what came of every story, once for all tests."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.journeys.collector import Collector, collecting
from tests.journeys.running import RunningSuite

from hashtill_cli.checking.reading.places import SPANS_FOLDER
from hashtill_cli.embedded.folders import PASSABLE
from hashtill_cli.scenarios.catalogue import SCENARIOS
from hashtill_cli.scenarios.outcome import Outcome
from hashtill_cli.scenarios.telling import tell_all
from hashtill_cli.scenarios.world.campaign import load_programme, open_trial_house
from hashtill_cli.scenarios.world.world import open_world


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="session")
def suite(collector: Collector) -> Iterator[RunningSuite]:
    folder = Path(tempfile.mkdtemp(prefix="hashtill-journeys-"))
    folder.chmod(PASSABLE)
    collector.file = folder / SPANS_FOLDER / "spans.json"
    collector.file.parent.mkdir()
    suite = RunningSuite(folder, otlp_endpoint=collector.address)
    suite.start()
    yield suite
    suite.stop()
    collector.file = None
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def outcomes(suite: RunningSuite) -> Mapping[str, Outcome]:
    async def tell() -> list[Outcome]:
        async with open_world(suite.book.processes, keyring=suite.keyring) as world:
            await load_programme(world.services, run=world.run)
            await open_trial_house(world.services)
            return await tell_all(SCENARIOS, world, ended=lambda _: None)

    return {outcome.title: outcome for outcome in asyncio.run(tell())}
