"""The command behind `make planted`: plants every known bug, one at a time, and demands that each is caught."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tests.planted.patches import PlantedBug, planted_bugs
from tests.planted.proving import Proof, by_rotation, failing_unplanted, prove
from tests.planted.trees import snapshot

from hashtill_cli.bench.heading import heading

WIDTH = 150


def main() -> int:
    """Print a table; 0 only when every patch applies and is caught by the test it names."""
    asked = _arguments()
    console = Console(width=WIDTH, highlight=False)
    console.print(f"{heading('python -m tests.planted')}\n", soft_wrap=True)
    bugs = _chosen(asked, console)
    if not bugs:
        console.print("No planted bug has that name.")
        return 1
    with snapshot() as tree:
        failing = {} if asked.trust else failing_unplanted(bugs, tree, workers=asked.workers)
        for name, tried in failing.items():
            console.print(f"Without any bug: {name} {tried.verdict}: {tried.words}", markup=False)
        proofs = []
        for proof in prove(bugs, tree, workers=asked.workers):
            proofs.append(proof)
            console.print(f"{proof.bug.name}: {proof.outcome}: {proof.words}", markup=False, soft_wrap=True)
    _show(proofs, console)
    return 1 if failing or not all(proof.is_caught for proof in proofs) else 0


def _chosen(asked: argparse.Namespace, console: Console) -> list[PlantedBug]:
    bugs = [bug for bug in planted_bugs() if not asked.only or bug.name in asked.only]
    if not asked.rotate or not bugs:
        return bugs
    day = datetime.now(UTC).date()
    console.print(f"{asked.rotate} of {len(bugs)} by rotation, for {day}")
    return by_rotation(bugs, asked.rotate, day=day)


def _show(proofs: Sequence[Proof], console: Console) -> None:
    table = Table("planted bug", "stands for", "outcome", "by", "s", title="Do the tests test?")
    table.columns[4].justify = "right"
    for proof in proofs:
        place = escape(proof.bug.caught_by.replace("::", " "))
        table.add_row(proof.bug.name, proof.bug.trap, proof.outcome, place, f"{proof.seconds:.0f}")
    console.print(table)
    caught = sum(proof.is_caught for proof in proofs)
    console.print(f"{caught} of {len(proofs)} planted bugs are caught.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="this one (may be given again)")
    parser.add_argument("--rotate", type=int, metavar="N", help="so many, others every day")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="copies at a time")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without any bug first")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
