"""Verdict: what a check says of one invariant, and of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hashtill_cli.checking.findings import TITLES, Breach, Findings, Invariant


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One invariant: what was counted, what could not be judged, and what is broken."""

    invariant: Invariant
    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    breaches: Sequence[Breach]
    broken: int

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    @property
    def title(self) -> str:
        """Say what must hold."""
        return TITLES[self.invariant]


def verdicts_of(findings: Sequence[Findings]) -> list[Verdict]:
    """Join what the groups found: one verdict an invariant, in order."""
    return [_verdict(invariant, findings) for invariant in Invariant]


def _verdict(invariant: Invariant, findings: Sequence[Findings]) -> Verdict:
    counts: dict[str, int] = {}
    left_out: dict[str, int] = {}
    for each in findings:
        counts |= each.counts.get(invariant, {})
        left_out |= each.left_out.get(invariant, {})
    return Verdict(
        invariant=invariant,
        counts=counts,
        left_out=left_out,
        breaches=[breach for each in findings for breach in each.breaches if breach.invariant is invariant],
        broken=sum(each.broken[invariant] for each in findings),
    )
