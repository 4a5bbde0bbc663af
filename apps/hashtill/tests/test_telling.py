import asyncio
import io
from collections.abc import Sequence
from typing import Any, cast

import pytest
from rich.console import Console

from hashtill.orders.v1 import order_pb2, orders_service_pb2
from hashtill_cli.demo.table import explain_failed, outcomes_table, story_lines
from hashtill_cli.scenarios.catalogue import Scenario
from hashtill_cli.scenarios.outcome import Expectation, Outcome
from hashtill_cli.scenarios.telling import tell_all
from hashtill_cli.scenarios.waiting import NeverHappenedError, eventually, must
from hashtill_cli.scenarios.world.world import World

WORLD = World(**cast("dict[str, Any]", dict.fromkeys(
    ("pages_url", "x", "mailbox", "card_network", "merchants", "services", "connector")
)), run="test")  # fmt: skip


def expecting(expected: object, seen: object) -> Expectation:
    async def read() -> object:
        return seen

    return Expectation(what="the order", expected=expected, read=read)


async def good(world: World) -> Sequence[Expectation]:
    world.told.append("1")
    return [expecting("COMPLETED", "COMPLETED")]


async def broken(world: World) -> Sequence[Expectation]:
    world.told.append("2")
    raise NeverHappenedError("No reply came.")


async def test_a_story_that_breaks_is_its_own_row_and_keeps_its_posts() -> None:
    scenarios = [Scenario(title="broken", tell=broken, alone=True), Scenario(title="good", tell=good)]
    ended: list[str] = []

    outcomes = await tell_all(scenarios, WORLD, ended=lambda outcome: ended.append(outcome.title))

    assert [(each.title, each.holds, each.problem, list(each.posts)) for each in outcomes] == [
        ("broken", False, "No reply came.", ["2"]),
        ("good", True, "", ["1"]),
    ]
    assert ended == ["good", "broken"]


async def test_stories_told_alone_take_turns() -> None:
    inside: list[int] = []
    most: list[int] = []

    async def tell(_: World) -> Sequence[Expectation]:
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0)
        inside.pop()
        return []

    await tell_all([Scenario(title=str(n), tell=tell, alone=True) for n in range(3)], WORLD, ended=lambda _: None)

    assert most == [1, 1, 1]


async def test_what_comes_once_too_often_is_found_by_the_second_look() -> None:
    counts = iter([1])

    async def count() -> object:
        return next(counts, 2)

    async def tell(_: World) -> Sequence[Expectation]:
        return [Expectation(what="receipts", expected=1, read=count)]

    outcomes = await tell_all([Scenario(title="twice", tell=tell)], WORLD, ended=lambda _: None)

    assert [(each.what, each.seen) for each in outcomes[0].failed] == [("receipts", 2)]


async def test_waiting_ends_with_the_last_answer_or_says_what_never_happened() -> None:
    async def read() -> int:
        return 1

    assert await eventually(read, lambda answer: answer == 2, seconds=0.0) == 1
    with pytest.raises(NeverHappenedError, match="two did not happen within 0 s; there was: 1"):
        await must(read, lambda answer: answer == 2, what="two", seconds=0.0)


class Explaining:
    async def explain(self, post_id: str) -> orders_service_pb2.ExplainOrderResponse | None:
        if post_id == "unknown":
            return None
        step = order_pb2.OrderStep(cause="StockHeld", to_state=order_pb2.ORDER_STATE_PROMPTING, detail="One unit.")
        verdict = orders_service_pb2.PostVerdict(post_id=post_id, verdict="ORDERED")
        return orders_service_pb2.ExplainOrderResponse(steps=[step], verdicts=[verdict])


async def test_a_failed_story_is_printed_with_its_orders_own_log() -> None:
    console = Console(file=io.StringIO(), width=200)
    bad = Outcome(title="bad [x]", seconds=1.0, posts=["7", "unknown"], problem="No reply came.")
    fine = Outcome(title="fine", seconds=2.0)

    console.print(outcomes_table([fine, bad]))
    await explain_failed([fine, bad], cast("Any", Explaining()), console)

    said = cast("io.StringIO", console.file).getvalue()
    assert "✓ as it should be" in said
    assert "✗ bad [x]" in said
    assert "StockHeld          PROMPTING              One unit." in said
    assert "orders has never heard of it" in said


def test_a_post_without_a_story_says_so() -> None:
    assert story_lines(None) == ["orders has never heard of it"]
