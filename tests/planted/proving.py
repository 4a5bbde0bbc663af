"""Proving: a planted bug is caught when what it names passes without it and fails, as a test does, with it."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from time import monotonic

from tests.planted.patches import PlantedBug
from tests.planted.trees import Tree, copy_of
from tests.planted.trying import TRY_SECONDS_MAX, Tried, Verdict, try_seeds, try_tests

CAUGHT = "caught"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of one planted bug."""

    bug: PlantedBug
    outcome: str
    """`caught`, or why it is not."""
    words: str
    seconds: float

    @property
    def is_caught(self) -> bool:
        """Tell whether it was noticed."""
        return self.outcome == CAUGHT


def prove(bugs: Sequence[PlantedBug], tree: Tree, *, workers: int) -> Iterator[Proof]:
    """Plant each in a copy of its own and see whether it is caught, `workers` at a time; give each when it is known."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(lambda bug: prove_one(bug, tree), bugs)


def prove_one(bug: PlantedBug, tree: Tree) -> Proof:
    """Plant one bug in a copy of the tree, and try what must catch it."""
    began = monotonic()
    with copy_of(tree) as copy:
        if complaint := copy.plant(bug.patch):
            return Proof(bug=bug, outcome="does not apply", words=complaint, seconds=monotonic() - began)
        copy.make_sure_of_its_code()
        tried = _try(bug, copy)
    outcome = {Verdict.FAILED: CAUGHT, Verdict.PASSED: "NOT CAUGHT"}.get(tried.verdict, f"{tried.verdict}")
    return Proof(bug=bug, outcome=outcome, words=tried.words, seconds=monotonic() - began)


def failing_unplanted(bugs: Sequence[PlantedBug], tree: Tree, *, workers: int) -> Mapping[str, Tried]:
    """Give what does not pass even without any bug; all tests go in one run of pytest."""
    tree.make_sure_of_its_code()
    tests = sorted({bug.caught_by for bug in bugs if bug.seeds is None})
    seeds = sorted({seed for bug in bugs for seed in bug.seeds or ()})
    tried = try_tests(tree, tests, workers=workers, seconds_max=TRY_SECONDS_MAX * (1 + len(tests) / 4)) if tests else {}
    if seeds:
        tried["seeds " + ", ".join(map(str, seeds))] = try_seeds(tree, seeds)
    return {name: each for name, each in tried.items() if each.verdict is not Verdict.PASSED}


def by_rotation(bugs: Sequence[PlantedBug], count: int, *, day: date) -> list[PlantedBug]:
    """Choose the day's share: so many days in a row choose every one."""
    start = day.toordinal() * count % len(bugs)
    return [bugs[(start + place) % len(bugs)] for place in range(min(count, len(bugs)))]


def _try(bug: PlantedBug, copy: Tree) -> Tried:
    if bug.seeds is not None:
        return try_seeds(copy, bug.seeds)
    return try_tests(copy, [bug.caught_by])[bug.caught_by]
