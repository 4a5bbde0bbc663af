"""Places: every failpoint in every service that passes it, and what may be done to a process there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, product
from random import Random

from kernel.failpoints import FailPoint

PAUSE_SECONDS = 6
"""Past AckWait (3 s) and past what PostgreSQL grants an idle transaction (5 s)."""

SHARED = {
    "relay": ("gateway", "identity", "notifier", "offers", "orders", "payments"),
    "consumer": ("gateway", "identity", "notifier", "orders"),
    "call": ("identity", "offers", "orders", "payments"),
}
"""Points of machinery that several services run, and who does; all others begin with their service's name."""


class Kind(StrEnum):
    """What happens to the process."""

    KILL = "kill"
    PAUSE = "pause"
    RAISE = "raise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point in one service."""

    service: str
    point: FailPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One blow: where, and what."""

    place: Place
    kind: Kind

    @property
    def words(self) -> str:
        """What the armed file holds."""
        return f"{self.kind} {PAUSE_SECONDS}" if self.kind is Kind.PAUSE else str(self.kind)

    def __str__(self) -> str:
        shared = self.place.point.partition(".")[0] in SHARED
        return f"{self.kind} {f'{self.place.service} ' if shared else ''}{self.place.point}"


def all_places(words: Sequence[str] = ()) -> list[Place]:
    """Give every place whose service and point hold one of these words; all without any."""
    found = [place for point in FailPoint for place in _places_of(point)]
    return [each for each in found if not words or any(word in f"{each.service} {each.point}" for word in words)]


def singles(places: Sequence[Place], kinds: Sequence[Kind], chance: Random) -> list[Strike]:
    """Give each place with each kind, shuffled so that one service is not struck many times in a row."""
    strikes = [Strike(place=place, kind=kind) for place, kind in product(places, kinds)]
    return chance.sample(strikes, len(strikes))


def sampled_pairs(
    places: Sequence[Place], kinds: Sequence[Kind], *, count: int, chance: Random
) -> list[tuple[Strike, Strike]]:
    """Draw so many different pairs of places, each with a kind of its own."""
    drawn = chance.sample(list(combinations(places, 2)), count)
    return [(_drawn(first, kinds, chance), _drawn(second, kinds, chance)) for first, second in drawn]


def _drawn(place: Place, kinds: Sequence[Kind], chance: Random) -> Strike:
    return Strike(place=place, kind=chance.choice(kinds))


def _places_of(point: FailPoint) -> Iterator[Place]:
    owner = point.partition(".")[0]
    for service in SHARED.get(owner, (owner,)):
        yield Place(service=service, point=point)
