"""Shrinking: a failing seed is played again with ever fewer stories and faults, for as long as it still fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.chance import Fault
from tests.simulation.playing import Played, play

PLAYS_MAX = 150
"""A minute of looking; what is left then is small enough to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The smallest play found that still fails the same way, and how many plays it took to find."""

    played: Played
    spared: frozenset[str]
    untold: frozenset[int]
    plays: int


class Shrinker:
    """Tries to leave out; keeps what still fails for the same reason."""

    def __init__(self, failed: Played) -> None:
        self._reason = reason_of(failed)
        self.best = Shrunk(played=failed, spared=frozenset(), untold=frozenset(), plays=0)
        self.plays = 0

    def run(self) -> Shrunk:
        """Leave out stories, then whole kinds of faults, then single faults, until nothing more can go."""
        before = None
        while before != (before := (self.best.spared, self.best.untold)) and self.plays < PLAYS_MAX:
            self._leave_out(self._told(), self._without_stories)
            self._leave_out([str(kind) for kind in Fault], self._without_faults)
            self._leave_out(list(self.best.played.struck), self._without_faults)
        return Shrunk(played=self.best.played, spared=self.best.spared, untold=self.best.untold, plays=self.plays)

    def _told(self) -> list[int]:
        stories = self.best.played.plan.stories
        return [each.number for each in stories if each.number not in self.best.untold]

    def _leave_out(self, parts: Sequence[object], without: Callable[[Sequence[object]], bool]) -> None:
        """Leave out halves, then quarters, down to single ones."""
        size = max(1, len(parts))
        while size >= 1 and self.plays < PLAYS_MAX:
            for start in range(0, len(parts), size):
                if self.plays < PLAYS_MAX:
                    without(parts[start : start + size])
            size //= 2

    def _without_stories(self, numbers: Sequence[object]) -> bool:
        untold = self.best.untold | {number for number in numbers if isinstance(number, int)}
        return untold != self.best.untold and self._try(self.best.spared, untold)

    def _without_faults(self, names: Sequence[object]) -> bool:
        spared = self.best.spared | {str(name) for name in names}
        return spared != self.best.spared and self._try(spared, self.best.untold)

    def _try(self, spared: frozenset[str], untold: frozenset[int]) -> bool:
        self.plays += 1
        seed, orders_least = self.best.played.seed, self.best.played.plan.orders_least
        played = play(seed, orders_least=orders_least, spared=spared, untold=untold)
        if reason_of(played) != self._reason:
            return False
        self.best = Shrunk(played=played, spared=spared, untold=untold, plays=self.plays)
        return True


def shrink(failed: Played) -> Shrunk:
    """Give the smallest play of a seed that still fails as this one did."""
    return Shrinker(failed).run()


def reason_of(played: Played) -> str | None:
    """Give the invariant that is broken first; None when all hold."""
    return played.breaches[0].split(" ", 1)[0] if played.breaches else None
