"""Failpoints on real processes: `python -m tests.faults.failpoints` strikes every place in every way, then in pairs."""

import argparse
import asyncio
import logging
import sys
from functools import partial
from pathlib import Path
from random import Random

import structlog
from rich.console import Console
from tests.faults.failpoints_campaign import Plan, campaign
from tests.faults.failpoints_places import Kind, Strike, all_places, sampled_pairs, singles
from tests.faults.failpoints_report import print_report

WIDTH = 160

PAIRS = 200

SUITES = 2
"""At once, each on a data folder of its own: most of a round is waiting."""


def main() -> int:
    """Run, print, and give 0 when every strike fell, was healed and broke nothing."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )  # the lines are for people
    asked = _arguments()
    console = Console(width=WIDTH)
    rounds = _rounds(asked)
    console.print(f"seed {asked.seed}, {len(rounds)} rounds", highlight=False)
    plan = Plan(rounds=rounds, suites=asked.suites, seconds=asked.minutes * 60, keep=asked.keep)
    played = asyncio.run(campaign(plan, tell=partial(console.print, highlight=False, soft_wrap=True)))
    print_report(played, rounds, console)
    if asked.save is not None:
        with asked.save.open("w") as file:
            print_report(played, rounds, Console(file=file, width=WIDTH))
    return 1 if any(each.problems for each in played) else 0


def _rounds(asked: argparse.Namespace) -> list[tuple[Strike, ...]]:
    """Give one round without a strike, to compare with, then each single strike, then the pairs."""
    chance = Random(asked.seed)  # noqa: S311 - draws strikes, keeps no secret
    places, kinds = all_places(asked.points), [Kind(each) for each in asked.kinds]
    alone = [(strike,) for strike in singles(places, kinds, chance)]
    return [(), *[*alone, *sampled_pairs(places, kinds, count=asked.pairs, chance=chance)][asked.skip :]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--points", nargs="*", default=(), help="places whose service and point hold one of these words"
    )
    parser.add_argument("--kinds", nargs="*", choices=list(Kind), default=list(Kind))
    parser.add_argument("--pairs", type=int, default=PAIRS, help="so many pairs of strikes after the single ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="go on with a campaign after so many of its rounds")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no round later than this")
    parser.add_argument("--suites", type=int, default=SUITES, help="so many suites at once")
    parser.add_argument("--keep", action="store_true", help="keep data and logs")
    parser.add_argument("--save", type=Path, help="write the report there too")
    asked = parser.parse_args()
    if not all_places(asked.points):
        parser.error(f"no place holds any of {asked.points}; for example: --points consumer.handled")
    return asked


if __name__ == "__main__":
    sys.exit(main())
