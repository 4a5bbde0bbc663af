"""Journeys: every story over the wire, one trace through all services, deaths, restarts and the end.

One worker runs them all on one suite (see `conftest.py` at the root); the last tests stop it.
"""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from rich.console import Console
from tests.journeys.collector import Collector
from tests.journeys.running import RunningSuite, forked_again

from hashtill_cli.demo.conversation import tell_purchase
from hashtill_cli.demo.narrator import Narrator
from hashtill_cli.embedded.servers import SERVICES
from hashtill_cli.scenarios.catalogue import SCENARIOS
from hashtill_cli.scenarios.outcome import Outcome, look
from hashtill_cli.scenarios.stories.by_reply import confirm_by_reply
from hashtill_cli.scenarios.waiting import must
from hashtill_cli.scenarios.world.campaign import load_programme, open_trial_house
from hashtill_cli.scenarios.world.services import Services
from hashtill_cli.scenarios.world.world import open_world
from kernel.snowflakes import first_snowflake_at

STOP_SECONDS_MAX = 5.0

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


async def test_one_purchase_is_told_with_the_service_that_did_each_thing(
    outcomes: Mapping[str, Outcome], suite: RunningSuite
) -> None:
    assert outcomes
    said = io.StringIO()
    async with open_world(suite.book.processes, keyring=suite.keyring) as world:
        since_id = str(first_snowflake_at(datetime.now(UTC)))
        await load_programme(world.services, run=world.run)
        told = await tell_purchase(world, Narrator(Console(file=said, width=160)), since_id=since_id)
        findings = await look(told.expectations)
        page = await told.purchase.member.browser.open(told.order_url)

    assert [finding for finding in findings if not finding.holds] == []
    for words in ("payments  $163.31 authorised", "merchant  the parcel is on its way", "✉  Your receipt"):
        assert words in said.getvalue()
    assert "Kindle Fire HD" in page.text


def test_the_command_line_posts_lists_shows_and_explains(suite: RunningSuite) -> None:
    posted = json.loads(hashtill(suite, "post", "--as", "mia_k", "Hello @AmexSync", "--json"))
    linked = hashtill(suite, "link", "list", "--rows", "2", "--json").splitlines()
    listed = json.loads(hashtill(suite, "orders", "list", "--state", "completed", "--rows", "1", "--json"))
    shown = hashtill(suite, "orders", "show", "--post", listed["post_id"])
    explained = hashtill(suite, "orders", "explain", listed["order_id"])

    assert posted["post_id"].isdecimal()
    assert len(linked) == 2
    assert (listed["state"], "completed" in shown) == ("ORDER_STATE_COMPLETED", True)
    assert "ChargeCaptured" in explained


def test_after_all_stories_the_checker_finds_nothing_broken(
    outcomes: Mapping[str, Outcome], suite: RunningSuite
) -> None:
    assert outcomes

    said = hashtill(suite, "check", "--settle", "25", "--json")

    verdicts = [json.loads(line) for line in said.splitlines()]
    assert [each["invariant"] for each in verdicts if not each["holds"]] == []
    assert [each["invariant"] for each in verdicts] == [f"I{number}" for number in range(1, 11)]
    assert [each["invariant"] for each in verdicts if not sum(each["counts"].values())] == []
    assert verdicts[-1]["counts"]["spans"] > 0
    followed = [json.loads(line) for line in (Path(suite.book.logs) / "checker.log").read_text().splitlines()]
    assert [line for line in followed if line["event"] == "invariant_broken"] == []
    assert "checker_follows" in {line["event"] for line in followed}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_told_to_end_drains_ends_in_time_and_is_forked_again(service: str, suite: RunningSuite) -> None:
    before = suite.service(service)
    assert before is not None

    os.kill(before.pid, signal.SIGTERM)
    _, alive = psutil.wait_procs([before], timeout=STOP_SECONDS_MAX)
    after = await forked_again(suite, service)

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


def hashtill(suite: RunningSuite, *arguments: str) -> str:
    """Run a command against the suite; it must succeed."""
    command = [sys.executable, "-m", "hashtill_cli", *arguments, "--data", str(suite.data)]
    environ = os.environ | {"COLUMNS": "250"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
