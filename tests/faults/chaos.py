"""Chaos on real processes: `python -m tests.faults.chaos --minutes 60` strikes a suite of its own under load."""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog
from rich.console import Console
from tests.faults.chaos_blows import Blow, process_blows
from tests.faults.chaos_disks import small_disks, why_not
from tests.faults.chaos_ground import Ground
from tests.faults.chaos_report import Report
from tests.faults.chaos_run import MOST, Plan, Tell, run
from tests.faults.chaos_stores import disk_blows, store_blows
from tests.faults.chaos_wires import wire_blows

from hashtill_cli.bench.heading import heading
from hashtill_cli.embedded.folders import PASSABLE

WIDTH = 160

RATE = 12.0
"""Purchases begun a second: a tenth of what two cores carry, so that what is measured is the blow."""

MEMBERS = 500
"""More buyers than wait at once in the longest outage."""


@contextmanager
def fresh_folder(*, keep: bool = False) -> Iterator[Path]:
    """Give a new folder that PostgreSQL's account may pass; it goes at the end unless it is to be kept."""
    data = Path(tempfile.mkdtemp(prefix="hashtill-chaos-"))
    data.chmod(PASSABLE)
    try:
        yield data
    finally:
        if not keep:
            shutil.rmtree(data, ignore_errors=True)


def strike_everything(plan: Plan, *, only: Sequence[str], keep: bool, tell: Tell) -> Report:
    """Strike all but full disks; `only` names the blows by words in their names."""
    chosen: list[Blow] = []

    def blows(ground: Ground) -> Sequence[Blow]:
        everything = [*process_blows(), *store_blows(), *wire_blows(list(ground.links))]
        chosen.extend(blow for blow in everything if not only or any(word in blow.name for word in only))
        return [blow for blow in chosen if not blow.skipped]

    with fresh_folder(keep=keep) as data:
        tell(f"seed {plan.seed}, {plan.rate:g} purchases a second, data and logs in {data}")
        outcome = asyncio.run(run(plan, blows, data=data, tell=tell))
    return Report(title="Chaos", outcome=outcome, blows=chosen)


def fill_disks(plan: Plan, *, keep: bool, tell: Tell) -> Report | None:
    """Fill the servers' disks, on a suite of its own whose files are on small ones; None where there are none."""
    if why := why_not():
        tell(f"No disk was filled: {why}.")
        return None
    with fresh_folder(keep=keep) as data, small_disks(data) as disks:
        tell(f"small disks for {', '.join(disks)} in {data}")
        chosen = list(disk_blows(disks))
        outcome = asyncio.run(run(plan, lambda _: chosen, data=data, tell=tell))
    return Report(title="Chaos on full disks", outcome=outcome, blows=chosen)


def main() -> int:
    """Run, print, and give 0 when every promise was kept."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # the lines are for people
    asked = _arguments()
    console = Console(width=WIDTH)
    tell = partial(console.print, highlight=False, soft_wrap=True)
    plan = Plan(rate=asked.rate, members=asked.members, seconds=asked.minutes * 60, seed=asked.seed, most=asked.most)
    reports: list[Report | None] = []
    if asked.leg != "disks":
        reports.append(strike_everything(plan, only=asked.only, keep=asked.keep, tell=tell))
    if asked.leg != "main":
        reports.append(fill_disks(replace(plan, seconds=0), keep=asked.keep, tell=tell))
    judged = [report for report in reports if report is not None]
    _write(judged, plan, console, save=asked.save)
    return 1 if any(report.broken() for report in judged) else 0


def _write(reports: Sequence[Report], plan: Plan, console: Console, *, save: Path | None) -> None:
    for report in reports:
        report.print(console)
    if save is None:
        return
    with save.open("w") as file:
        saved = Console(file=file, width=WIDTH)
        file.write(f"{heading('python -m tests.faults.chaos')}, seed {plan.seed}\n\n")
        for report in reports:
            report.print(saved)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="strike at least so long; each blow once in any case"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--only", nargs="*", default=(), help="blows whose name holds one of these words")
    parser.add_argument("--most", type=int, default=MOST, help="strokes at most, drawn by the seed")
    parser.add_argument("--leg", choices=("both", "main", "disks"), default="both")
    parser.add_argument("--keep", action="store_true", help="keep data and logs")
    parser.add_argument("--save", type=Path, help="write the report there too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
