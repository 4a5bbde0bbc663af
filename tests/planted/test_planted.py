from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.planted.patches import PlantedBug, planted_bugs, read
from tests.planted.proving import by_rotation, prove
from tests.planted.trees import ROOT, ForeignCodeError, Tree, complaint_about, copy_of, snapshot
from tests.planted.trying import Verdict, try_tests

LEAST = 25
ROTATED = 5
WORKERS = 2

BUGS = planted_bugs()

TOY_TEST = """
def test_asserts(): assert 1 == 2
def test_breaks(): nobody_knows
def test_passes(): pass
"""


@pytest.fixture(scope="module")
def tree() -> Iterator[Tree]:
    with snapshot() as tree:
        yield tree


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_patch_still_applies(bug: PlantedBug) -> None:
    assert complaint_about(bug.patch) == ""


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.seeds is None], ids=lambda bug: bug.name)
def test_what_catches_a_bug_is_still_there(bug: PlantedBug) -> None:
    path, _, test = bug.caught_by.partition("::")

    assert f"def {test.partition('[')[0]}(" in (ROOT / path).read_text()


def test_there_are_many_and_each_stands_for_something() -> None:
    assert len(BUGS) >= LEAST
    assert len({bug.bug for bug in BUGS}) == len(BUGS)


@pytest.mark.timeout(600)  # the tests it runs have limits of their own; another run may have the machine meanwhile
def test_the_share_of_the_day_is_caught(tree: Tree) -> None:
    share = by_rotation(BUGS, ROTATED, day=datetime.now(UTC).date())

    proofs = list(prove(share, tree, workers=WORKERS))

    assert [f"{proof.bug.name}: {proof.outcome} {proof.words}" for proof in proofs if not proof.is_caught] == []


def test_in_some_days_every_bug_has_its_turn() -> None:
    days = [date(2026, 11, 27) + timedelta(days=each) for each in range(-(-len(BUGS) // ROTATED))]

    assert {bug.name for day in days for bug in by_rotation(BUGS, ROTATED, day=day)} == {bug.name for bug in BUGS}


def test_only_a_failure_of_the_test_itself_counts(tree: Tree) -> None:
    with copy_of(tree) as copy:
        (copy.root / "test_toy.py").write_text(TOY_TEST)
        names = [f"test_toy.py::{name}" for name in ("test_asserts", "test_breaks", "test_passes", "test_of_nobody")]

        asked = [name for name in names if not name.endswith("nobody")]
        tried = [try_tests(copy, asked)[name].verdict for name in asked]
        missing = try_tests(copy, names[-1:])[names[-1]].verdict

    assert [*tried, missing] == [Verdict.FAILED, Verdict.BROKE, Verdict.PASSED, Verdict.MISSING]


def test_a_copy_that_would_run_other_code_is_refused(tree: Tree) -> None:
    with copy_of(tree) as copy:
        copy.make_sure_of_its_code()
        (copy.root / "libs/kernel/src/kernel").rename(copy.root / "gone")

        with pytest.raises(ForeignCodeError):
            copy.make_sure_of_its_code()


def test_a_patch_that_does_not_apply_is_told(tree: Tree) -> None:
    with copy_of(tree) as copy:
        assert copy.plant(BUGS[0].patch) == ""
        assert "does not apply" in copy.plant(BUGS[0].patch)


def test_a_head_that_says_too_little_is_told(tmp_path: Path) -> None:
    (tmp_path / "half.patch").write_text("Bug: something\n--- a/x\n+++ b/x\n")

    with pytest.raises(ValueError, match=r"half\.patch must begin"):
        read(tmp_path / "half.patch")
