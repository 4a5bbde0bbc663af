from datetime import datetime

import pytest
from tests.simulation import shrinking
from tests.simulation.chance import Fault
from tests.simulation.playing import play
from tests.simulation.report import report_of
from tests.simulation.shrinking import reason_of, shrink
from tests.simulation.x_posting import SimPosts

from kernel.ids import PostId
from notifier.usecases.ports import NotPosted, Posted

pytestmark = pytest.mark.timeout(600)  # two dozen plays

SEEDS = range(4, 20)
ORDERS_LEAST = 30


async def look_away(_self: SimPosts, _text: str, *, in_reply_to: PostId | None, since: datetime) -> Posted | NotPosted:
    return NotPosted(reason=f"NOT_FOUND, {in_reply_to} since {since}")


def test_a_planted_bug_is_found_and_shrunk_to_a_few_stories_and_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimPosts, "find", look_away)  # whoever speaks again does not look whether it was said
    monkeypatch.setattr(shrinking, "PLAYS_MAX", 60)
    plays = (play(seed, orders_least=ORDERS_LEAST) for seed in SEEDS)
    failed = next(played for played in plays if reason_of(played) == "I9")

    shrunk = shrink(failed)

    assert reason_of(shrunk.played) == "I9"
    assert shrunk.played.plan.stories == failed.plan.stories
    assert len(shrunk.untold) > len(failed.plan.stories) / 2
    assert len(shrunk.played.struck) < len(failed.struck) / 4
    report = report_of(failed, shrunk)
    assert "replies to one post" in report
    assert "What happened:" in report


def test_a_seed_keeps_its_promises_when_the_fault_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimPosts, "find", look_away)
    blamed = {
        Fault.X_ANSWER_LOST,
        Fault.COMMIT_LOST,
        Fault.COMMIT_ANSWER_LOST,
        Fault.CRASH_AT_A_STEP,
        Fault.CRASH_AT_REST,
    }
    failed = next(played for seed in SEEDS if reason_of(played := play(seed)) == "I9")

    assert play(failed.seed, spared=frozenset(str(fault) for fault in blamed)).breaches == []
