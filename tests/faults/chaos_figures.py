"""Figures of a blow: how long buyers waited because of it, and when the suite served again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.chaos_purchases import Leg

from hashtill_cli.bench.purchases import percentile

STALL_SECONDS = 10.0
"""A wait that was under way at a blow, or began so soon after it, counts as touched by it."""

STALL_P99_SECONDS_MAX = 5.0
"""After any one service dies."""

SERVING_SECONDS_MAX = 10.0
"""After the postmaster dies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One blow as it was felt."""

    blow: str
    struck_at: float
    undone_at: float
    serving_after: float
    """Seconds from the stroke until a post and a confirmation made after it were both answered."""
    calm_after: float
    """Seconds from the undoing until nobody waited longer than usual."""
    stalls: Sequence[float]
    """Of every wait it touched, in seconds."""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: all strokes of one blow."""

    blow: str
    strokes: int
    touched: int
    stall_p50: float
    stall_p99: float
    stall_max: float
    serving_max: float
    calm_max: float
    said: str


def touched(legs: Iterable[Leg], *, struck_at: float, now: float) -> list[float]:
    """Give the lengths of the waits that were under way at the stroke or began soon after."""
    return [
        leg.seconds(now=now)
        for leg in legs
        if leg.began_at < struck_at + STALL_SECONDS and (not leg.ended_at or leg.ended_at > struck_at)
    ]


def rows_of(effects: Sequence[Effect]) -> list[Row]:
    """Join strokes by blow, in the order they were first struck."""
    names = list(dict.fromkeys(effect.blow for effect in effects))
    return [_row(name, [effect for effect in effects if effect.blow == name]) for name in names]


def _row(name: str, effects: Sequence[Effect]) -> Row:
    stalls = sorted(stall for effect in effects for stall in effect.stalls)
    return Row(
        blow=name,
        strokes=len(effects),
        touched=len(stalls),
        stall_p50=percentile(stalls, 50),
        stall_p99=percentile(stalls, 99),
        stall_max=stalls[-1] if stalls else 0.0,
        serving_max=max(effect.serving_after for effect in effects),
        calm_max=max(effect.calm_after for effect in effects),
        said="; ".join(dict.fromkeys(effect.said for effect in effects if effect.said)),
    )
