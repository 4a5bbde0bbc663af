"""The check that never ends: what is planted while it follows is told once, soon, from the changes alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from apps.hashtill.tests.planted_breaches import PLANTS
from apps.hashtill.tests.planted_rows import Rows
from apps.hashtill.tests.planted_suite import places_of_planted, still_suite, write_books, write_on, write_texts
from structlog.testing import capture_logs

from hashtill_cli.checking.findings import Invariant
from hashtill_cli.checking.following.follower import Follower, new_feeds
from hashtill_cli.checking.following.reporting import Reporter
from hashtill_cli.checking.looking import clock
from hashtill_cli.checking.reading.places import Places
from hashtill_cli.checking.sources import Sources, open_sources
from hashtill_cli.embedded.databases import run_sql
from hashtill_cli.testing import Databases, Metrics
from kernel.secret import Secret

WHOLE_ONLY = {
    "a card number in a table": "a table has no order in which it changes",
    "a post answered twice": "replies that are kept have no index by the post they answer; the network's own are read",
    "committed without a hold": "nothing that changed says so",
}
"""What the feeds do not see; the whole check does, every hour."""

FEEDS = 7

HEALTHY = Rows("healthy", 400)

Lines = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Ahead:
    """The database's clock, some time ahead."""

    by: timedelta = timedelta(0)

    async def now(self, sources: Sources) -> datetime:
        return await clock(sources) + self.by


@dataclass(slots=True)
class Following:
    """A follower over a still suite, driven look by look."""

    follower: Follower
    sources: Sources
    ahead: Ahead

    async def look(self, *, later: timedelta = timedelta(0)) -> Lines:
        """Have every feed look; gives the lines it wrote."""
        self.ahead.by += later
        with capture_logs() as lines:
            await self.follower.run_once(asyncio.Event(), all_due=True)
        return lines


@asynccontextmanager
async def following(places: Places) -> AsyncIterator[Following]:
    async with open_sources(places) as sources:
        ahead = Ahead()
        follower = Follower(sources, new_feeds(), reporter=Reporter(), now=ahead.now)
        yield Following(follower, sources, ahead)


@dataclass(frozen=True, slots=True)
class Told:
    """What was told when every plant was planted, what again later, and by which id each must be named."""

    first: Lines
    soon: Lines
    later: Lines
    named: Mapping[str, str]


@pytest.fixture(scope="module")
def told(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    first, planted = Rows("first", 0), [Rows(name, number) for number, name in enumerate(PLANTS, 1)]
    named = {rows.name: PLANTS[rows.name][1](rows) for rows in planted}
    folder, world = tmp_path_factory.mktemp("followed"), [first]

    async def follow(places: Places, dsns: Mapping[str, str]) -> tuple[Lines, Lines, Lines]:
        async with following(places) as suite:
            first = await suite.look()
            world.extend([HEALTHY, *planted])
            write_texts(folder, planted)
            assert suite.sources.nats is not None
            await write_on(dsns, suite.sources.nats, [HEALTHY, *planted])
            soon = [line for _ in range(4) for line in await suite.look(later=timedelta(seconds=40))]
            return first, soon, await suite.look(later=timedelta(seconds=40))

    texts = write_texts(folder, world)
    with still_suite(databases, folder, world) as (dsns, url, outside):
        asyncio.run(write_books(dsns, url, world, also=()))
        yield Told(*asyncio.run(follow(places_of_planted(dsns, url, outside, texts), dsns)), named)


def test_nothing_is_told_of_what_is_in_order(told: Told) -> None:
    named = {an_id for line in told.soon for an_id in line.get("ids", ())}

    assert told.first == []
    assert named & {str(HEALTHY.order_id), HEALTHY.offer_id, HEALTHY.message_id, HEALTHY.confirming_id} == set()


@pytest.mark.parametrize("name", sorted(PLANTS.keys() - WHOLE_ONLY.keys()))
def test_a_breach_planted_while_it_follows_is_told_with_its_ids(name: str, told: Told) -> None:
    lines = [line for line in told.soon if any(told.named[name] in an_id for an_id in line.get("ids", ()))]

    assert PLANTS[name][0] in {line["invariant"] for line in lines}, told.soon
    assert {line["event"] for line in lines} == {"invariant_broken"}


def test_each_breach_is_told_once(told: Told) -> None:
    lines = [(line["invariant"], line["what"], line["ids"]) for line in told.soon]

    assert len(lines) == len(set(lines))
    assert told.later == []


def test_a_breach_is_told_with_its_orders_history(told: Told) -> None:
    line = next(line for line in told.soon if told.named["confirmed late"] in line["ids"])

    assert [step.partition(" ")[2] for step in line["story"]] == [
        "PostRead: RECEIVED. confirmed late RECEIVED",
        "ChargeCaptured: COMPLETED. confirmed late COMPLETED",
    ]


def test_an_outage_is_told_once_survived_and_measured(databases: Databases, tmp_path: Path, metrics: Metrics) -> None:
    rows, planted = Rows("alone", 1), Rows("planted", 2)
    PLANTS["confirmed late"][1](planted)

    async def follow(places: Places, dsns: Mapping[str, str]) -> tuple[Lines, Lines]:
        async with following(places) as suite:
            await suite.look()
            await close_orders(dsns)
            blind = [*await suite.look(), *await suite.look()]
            await open_orders(dsns)
            assert suite.sources.nats is not None
            await write_on(dsns, suite.sources.nats, [planted])
            return blind, [line for _ in range(2) for line in await suite.look(later=timedelta(seconds=20))]

    texts, world = write_texts(tmp_path, [rows]), [rows]
    with still_suite(databases, tmp_path, world) as (dsns, url, outside):
        asyncio.run(write_books(dsns, url, world, also=()))
        blind, again = asyncio.run(follow(places_of_planted(dsns, url, outside, texts), dsns))

    assert sorted(line["event"] for line in blind) == ["checker_blind"] * FEEDS
    assert sorted({line["event"] for line in again}) == ["checker_sees_again", "invariant_broken"]
    assert str(planted.order_id) in {line.get("order_id") for line in again}
    assert metrics.total("hashtill.checker.breaches", invariant=Invariant.CONFIRMED) >= 1
    assert metrics.total("hashtill.checker.checked", invariant=Invariant.AMOUNT) >= 1
    assert metrics.total("hashtill.checker.blind", feed="orders") >= 1
    assert metrics.total("hashtill.checker.lag", invariant=Invariant.OUTBOX, feed="outbox") >= 0
    assert metrics.total("hashtill.checker.duration", invariant=Invariant.STOCK, feed="stock") >= 1


async def close_orders(dsns: Mapping[str, str]) -> None:
    """Take orders' database away, from who is connected too."""
    name = urlsplit(dsns["orders"]).path.strip("/")
    cut = f"SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - a name of ours
    statements = [f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", cut]
    await asyncio.to_thread(run_sql, Secret(dsns["offers"]), statements)


async def open_orders(dsns: Mapping[str, str]) -> None:
    """Give it back."""
    name = urlsplit(dsns["orders"]).path.strip("/")
    statements = [f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"]
    await asyncio.to_thread(run_sql, Secret(dsns["offers"]), statements)
