"""Journeys: every story over the wire, one trace through all services, deaths, restarts and the end.

One file, so that one worker runs them all on one suite (`--dist=loadfile`); the last tests stop it.
"""

import os
import signal
import time
from collections.abc import Mapping

import psutil
import pytest
from tests.journeys.collector import Collector
from tests.journeys.running import RunningSuite

from hashtill_cli.scenarios.catalogue import SCENARIOS
from hashtill_cli.scenarios.outcome import Outcome, look
from hashtill_cli.scenarios.stories.by_reply import confirm_by_reply
from hashtill_cli.scenarios.waiting import must
from hashtill_cli.scenarios.world.campaign import open_trial_house
from hashtill_cli.scenarios.world.services import Services
from hashtill_cli.scenarios.world.world import open_world

SERVICES = ("identity", "offers", "orders", "payments", "notifier", "gateway")

STOP_SECONDS_MAX = 5.0
AGAIN_SECONDS_MAX = 20.0

pytestmark = pytest.mark.timeout(240)  # all stories are told once, within the first test's time


@pytest.mark.parametrize("title", [scenario.title for scenario in SCENARIOS])
def test_every_story_ends_as_it_should(title: str, outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes[title]

    assert (outcome.problem, outcome.failed) == ("", [])


async def purchase(suite: RunningSuite) -> tuple[str, Outcome]:
    """Buy once; gives the post and what came of it."""
    async with open_world(suite.book.processes, keyring=suite.keyring) as world:
        await open_trial_house(world.services)
        findings = await look(await confirm_by_reply(world))
        return world.told[0], Outcome(title="one purchase", seconds=0.0, posts=world.told, findings=findings)


async def test_one_trace_runs_through_all_services_to_the_mail(suite: RunningSuite, collector: Collector) -> None:
    post_id, outcome = await purchase(suite)
    trace_id = await trace_of(suite, post_id)

    async def services() -> set[str]:
        return {span.service for span in collector.spans(trace_id)}

    wanted = {"gateway", "orders", "offers", "payments", "notifier"}
    seen = await must(services, lambda found: found >= wanted, what=f"spans of {sorted(wanted)}")
    names = sorted({f"{span.service} {span.name}" for span in collector.spans(trace_id)})

    assert outcome.failed == []
    assert seen >= wanted
    assert any("mail" in name for name in names), names


def test_spans_of_batches_link_to_the_traces_they_join(outcomes: Mapping[str, Outcome], collector: Collector) -> None:
    assert outcomes

    joined = [span for span in collector.spans() if len(set(span.links)) > 1]

    assert {span.service for span in joined} & {"orders", "offers", "payments", "notifier"}, joined[:3]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_told_to_end_drains_ends_in_time_and_is_forked_again(service: str, suite: RunningSuite) -> None:
    before = suite.service(service)

    os.kill(before.pid, signal.SIGTERM)
    _, alive = psutil.wait_procs([before], timeout=STOP_SECONDS_MAX)
    after = wait_for_another(suite, service, before.pid)

    assert alive == []
    assert after.pid != before.pid


async def test_after_all_those_deaths_a_purchase_goes_as_ever(suite: RunningSuite) -> None:
    _, outcome = await purchase(suite)

    assert outcome.failed == []


async def test_ctrl_c_leaves_no_process_and_a_restart_keeps_orders(suite: RunningSuite) -> None:
    post_id, _ = await purchase(suite)
    processes = suite.processes()

    code = suite.stop()
    left = [process for process in processes if process.is_running()]
    suite.start()
    services = Services({name: at["grpc"] for name, at in suite.book.processes.items() if "grpc" in at})
    state = await services.state(post_id)
    await services.close()

    assert (code, left, state) == (0, [], "COMPLETED")


async def trace_of(suite: RunningSuite, post_id: str) -> str:
    """Read the trace of a post's order from its story."""
    services = Services({name: at["grpc"] for name, at in suite.book.processes.items() if "grpc" in at})
    story = await services.explain(post_id)
    await services.close()
    assert story is not None
    return story.steps[0].trace_id


def wait_for_another(suite: RunningSuite, service: str, pid: int) -> psutil.Process:
    """Wait until another process answers for a service."""
    ends_at = time.monotonic() + AGAIN_SECONDS_MAX
    while time.monotonic() < ends_at:
        try:
            found = suite.service(service)
        except (StopIteration, psutil.NoSuchProcess):
            found = None
        if found is not None and found.pid != pid:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{service} was not forked again within {AGAIN_SECONDS_MAX:g} s")
