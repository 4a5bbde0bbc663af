"""Failpoints: every point stands somewhere, and processes killed at the most dangerous ones heal and lose nothing."""

import re
from collections import Counter

import pytest
from tests.faults import failpoints
from tests.faults.failpoints_campaign import Plan, campaign
from tests.faults.failpoints_places import Kind, Place, Strike, all_places
from tests.tidy.tree import sources

from kernel.failpoints import FailPoint

MOST_DANGEROUS = (
    ("gateway", FailPoint.RELAY_STORED),
    ("identity", FailPoint.CONSUMER_HANDLED),
    ("offers", FailPoint.OFFERS_HOLD_COMMITTED),
    ("orders", FailPoint.ORDERS_STEP_ANSWERED),
    ("payments", FailPoint.PAYMENTS_CALL_ANSWERED),
    ("notifier", FailPoint.NOTIFIER_POST_ANSWERED),
)
"""In each service the moment when the effect is out and nobody has written it down; all struck in one round.

The mail's is left to the campaign.
"""

SECONDS_MAX = 240
"""A reply that X did not get waits for 43 s; a busy machine takes half a minute to start a suite."""

PLACED = re.compile(r"\bfailpoint\((?!point: )(\w[\w.]*)\)")


def placed_points() -> Counter[str]:
    """Count the calls of `failpoint` in what runs in production, by what they are given."""
    running = (each for each in sources() if not each.is_test)
    return Counter(given for each in running for given in PLACED.findall(each.text))


def test_every_point_is_placed_and_nothing_else_is() -> None:
    names = {f"FailPoint.{point.name}" for point in FailPoint}

    assert set(placed_points()) == names


def test_every_point_has_a_service_to_be_struck_in() -> None:
    services = {place.service for place in all_places()}

    assert services == {"gateway", "identity", "notifier", "offers", "orders", "payments"}


@pytest.mark.timeout(SECONDS_MAX)
async def test_processes_killed_where_it_hurts_most_come_back_and_lose_nothing() -> None:
    strikes = [Strike(place=Place(service=service, point=point), kind=Kind.KILL) for service, point in MOST_DANGEROUS]

    (played,) = await campaign(Plan(rounds=[strikes], suites=1, seconds=SECONDS_MAX), tell=lambda _: None)

    assert list(played.problems) == []


def test_a_campaign_of_no_place_at_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["failpoints", "--points", "orders.nowhere"])

    with pytest.raises(SystemExit) as refused:
        failpoints.main()

    assert refused.value.code == 2
