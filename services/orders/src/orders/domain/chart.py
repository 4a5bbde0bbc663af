"""Chart: the saga's table as a mermaid state diagram; `python -m orders.domain.chart` prints it for the README."""

import sys

from orders.domain import saga
from orders.domain.states import Fact, State

BEGIN, END = "<!-- chart: python -m orders.domain.chart -->", "<!-- end of chart -->"


def chart() -> str:
    """Draw every transition of the table, in the order of its states."""
    order = list(State)
    edges = sorted(_edges(), key=lambda edge: (order.index(edge[0]), order.index(edge[1]), edge[2]))
    lines = ["stateDiagram-v2", f"    [*] --> {State.RECEIVED}: PostRead"]
    lines += [f"    {start} --> {end}: {label}" for start, end, label in edges]
    lines += [f"    {state} --> [*]" for state in order if state in saga.FINAL]
    return "\n".join([BEGIN, "```mermaid", *lines, "```", END])


def _edges() -> list[tuple[State, State, str]]:
    edges = []
    for (start, fact), transition in saga.TABLE.items():
        ends = [transition.state] if transition.state else list(saga.TOLD_AT_THE_END)
        edges += [(start, end, _label(fact)) for end in ends]
    return edges


def _label(fact: Fact) -> str:
    unreached = fact in {Fact.VERIFICATION_ASKED, Fact.VERIFIED}
    return f"{fact.value} (not used yet)" if unreached else fact.value


if __name__ == "__main__":  # pragma: no cover - the test compares what it prints
    sys.stdout.write(chart() + "\n")
