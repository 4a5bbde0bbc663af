"""Races in the test run: two thousand orders whose confirmation is posted within 50 ms of the end of the window."""

import io

import pytest
from rich.console import Console
from tests.races.campaign import Results, race_orders
from tests.races.program import SEED, show

from chassis.postgres import Database

ORDERS = 2_000


@pytest.mark.servers
async def test_whatever_races_the_deadline_every_history_holds(races_database: Database) -> None:
    results = await race_orders(races_database, orders=ORDERS, seed=SEED, tell=lambda _: None)

    assert results.broken == []
    assert results.orders == results.counts["confirmed"] + results.counts["expired"] == ORDERS
    assert results.counts["confirmed"] >= results.counts["had to be honoured"] > 0
    assert results.counts["expired"] >= results.counts["were late"] > 0
    assert results.counts["copies"] > 0
    assert "Every history holds" in _shown(results)


def _shown(results: Results) -> str:
    file = io.StringIO()
    show(results, Console(file=file, width=110))
    return file.getvalue()
