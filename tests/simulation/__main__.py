"""The command behind `make simulate`: a campaign over many seeds, or one seed played again."""

import argparse
import sys

from tests.simulation.campaign import is_covered, lines_of, run_campaign
from tests.simulation.plan import ORDERS_LEAST
from tests.simulation.playing import play
from tests.simulation.report import report_of, trace_lines
from tests.simulation.shrinking import shrink

from hashtill_cli.bench.heading import heading


def main() -> int:
    """Play what was asked for; 0 only when every promise held and every fault was there."""
    asked = _arguments()
    if asked.seed is not None:
        return _replay(asked.seed, orders_least=asked.orders)
    return _campaign(asked.first, asked.seeds, orders_least=asked.orders, workers=asked.workers)


def _campaign(first: int, seeds: int, *, orders_least: int, workers: int | None) -> int:
    _say(f"{heading('python -m tests.simulation')}, seeds {first} to {first + seeds - 1}\n")
    total, seconds = run_campaign(first, seeds, orders_least=orders_least, workers=workers)
    for line in lines_of(total, seconds):
        _say(line)
    if total.failed:
        failed = play(min(total.failed), orders_least=orders_least)
        _say(report_of(failed, shrink(failed)))
        _say(f"Play it again: make simulate SEED={failed.seed} ORDERS={orders_least}")
        return 1
    if not is_covered(total):
        _say("Some fault never struck, or some step of the saga was never taken.")
        return 1
    return 0


def _replay(seed: int, *, orders_least: int) -> int:
    played = play(seed, orders_least=orders_least, keep=True)
    if not played.breaches:
        for line in trace_lines(played.world) if played.world is not None else ():
            _say(line)
        _say(f"Seed {seed} keeps every promise: {played.orders} orders, trace {played.trace_hash}.")
        return 0
    _say(report_of(played, shrink(played)))
    _say(f"Trace of the whole seed: {played.trace_hash}")
    return 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=150, help="how many seeds to play")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="play this one again and tell all that happens")
    parser.add_argument("--orders", type=int, default=ORDERS_LEAST, help="how many orders a seed plays, at least")
    parser.add_argument("--workers", type=int, help="processes; one a core unless said otherwise")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
