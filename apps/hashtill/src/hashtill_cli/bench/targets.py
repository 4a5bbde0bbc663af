"""Targets: what a figure must be, and whether it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound of one figure: `at_least` for what should be high, `at_most` for what should be low."""

    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, figures: Mapping[str, Any]) -> bool:
        """Whether the figure keeps the bound."""
        value = figures[self.figure]
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)

    @property
    def words(self) -> str:
        """Say the bound."""
        return f"≥ {self.at_least:,g}" if self.at_least is not None else f"≤ {self.at_most:,g}"


def missed(targets: Sequence[Target], figures: Mapping[str, Any]) -> list[str]:
    """Name the figures that miss their targets."""
    return [target.figure for target in targets if not target.met_by(figures)]


def figures_table(title: str, figures: Mapping[str, Any], targets: Sequence[Target]) -> Table:
    """Lay figures out, each with its target and whether it is met."""
    table = Table("figure", "value", "target", "", title=title, title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    bounds = {target.figure: target for target in targets}
    for name, value in figures.items():
        target = bounds.get(name)
        verdict = "" if target is None else "PASS" if target.met_by(figures) else "FAIL"
        table.add_row(name, _shown(value), target.words if target else "", verdict)
    return table


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
