"""The report of a run: a line a blow with what was promised, what became of every purchase, and the ten invariants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.table import Table
from tests.faults.chaos_blows import Blow, Promise
from tests.faults.chaos_figures import SERVING_SECONDS_MAX, STALL_P99_SECONDS_MAX, Row, rows_of
from tests.faults.chaos_run import Outcome

from hashtill_cli.checking.printing import print_check

SHOWN_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run, with the blows it had to choose from."""

    title: str
    outcome: Outcome
    blows: Sequence[Blow]

    def broken(self) -> list[str]:
        """Say everything that must not be, a sentence each; nothing when the run passed."""
        outcome, promises = self.outcome, _promises(self.blows)
        found = [*outcome.failures, *outcome.accounts.wrong]
        found += [f"{row.blow}: {words}" for row in rows_of(outcome.effects) for words in _broken(row, promises)]
        found += [
            f"{each.invariant} is broken {each.broken} times" for each in outcome.check.verdicts if not each.holds
        ]
        return [*found, *(f"still moving: {count} {what}" for what, count in outcome.check.moving.items())]

    def print(self, console: Console) -> None:
        """Write it."""
        tell = partial(console.print, highlight=False, soft_wrap=True)
        console.print(_table(self.title, rows_of(self.outcome.effects), _promises(self.blows)))
        for name, why in {blow.name: blow.skipped for blow in self.blows if blow.skipped}.items():
            tell(f"Not struck: {name}, because {why}.")
        ends = ", ".join(f"{count} {end}" for end, count in self.outcome.accounts.ends.most_common())
        tell(f"\n{self.outcome.accounts.ends.total()} purchases begun: {ends}.\n")
        print_check(self.outcome.check, console)
        broken = self.broken()
        for words in broken[:SHOWN_MAX]:
            tell(f"FAIL {words}")
        if len(broken) > SHOWN_MAX:
            tell(f"… {len(broken) - SHOWN_MAX} more")
        tell(f"\n{'FAIL' if broken else 'PASS'}\n")


def _promises(blows: Sequence[Blow]) -> dict[str, Promise]:
    return {blow.name: blow.promise for blow in blows}


def _table(title: str, rows: Sequence[Row], promises: Mapping[str, Promise]) -> Table:
    table = Table(
        "blow", "strokes", "waits", "p50 s", "p99 s", "longest s", "serving s", "calm s", "promised", "", title=title
    )
    for row in rows:
        figures = (row.stall_p50, row.stall_p99, row.stall_max, row.serving_max, row.calm_max)
        held = "" if not promises.get(row.blow) else "FAIL" if list(_broken(row, promises)) else "PASS"
        table.add_row(
            row.blow,
            str(row.strokes),
            str(row.touched),
            *(f"{figure:.1f}" for figure in figures),
            _promised(row, promises),
            held,
        )
    return table


def _broken(row: Row, promises: Mapping[str, Promise]) -> Iterator[str]:
    if promises.get(row.blow) is Promise.STALL and row.stall_p99 > STALL_P99_SECONDS_MAX:
        yield f"p99 stall of {row.stall_p99:.1f} s, promised {STALL_P99_SECONDS_MAX:g} s"
    if promises.get(row.blow) is Promise.SERVING and row.serving_max > SERVING_SECONDS_MAX:
        yield f"serving after {row.serving_max:.1f} s, promised {SERVING_SECONDS_MAX:g} s"


def _promised(row: Row, promises: Mapping[str, Promise]) -> str:
    match promises.get(row.blow, Promise.NOTHING):
        case Promise.STALL:
            return f"p99 ≤ {STALL_P99_SECONDS_MAX:g} s"
        case Promise.SERVING:
            return f"serving ≤ {SERVING_SECONDS_MAX:g} s"
        case Promise.REBUILT:
            return row.said
        case Promise.NOTHING:
            return ""
