"""The demo's pace: minutes become seconds, by settings alone; the code path is the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import fill

TEST_CARD = "378282246310005"
"""The number every payments manual shows; the card page fills it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """One length of time: what it is, what it usually is, what it is here, and the variables that say so."""

    what: str
    usual: str
    seconds: float
    variables: tuple[str, ...]


SHORTENED = (
    Shortened(
        what="time to confirm",
        usual="15 min",
        seconds=20,
        variables=("HASHTILL_CONFIRM_WINDOW_SECONDS", "SANDBOX_X_CONFIRM_WINDOW_SECONDS"),
    ),
    Shortened(what="wait for late posts", usual="60 s", seconds=2, variables=("HASHTILL_SLACK_SECONDS",)),
    Shortened(what="time to take it back", usual="30 min", seconds=5, variables=("HASHTILL_REMORSE_SECONDS",)),
    Shortened(
        what="X's heartbeat",
        usual="20 s",
        seconds=1,
        variables=("HASHTILL_X_HEARTBEAT_SECONDS", "SANDBOX_X_HEARTBEAT_SECONDS"),
    ),
    Shortened(what="X's latency allowed for", usual="10 s", seconds=1, variables=("HASHTILL_X_LATENCY_SECONDS",)),
    Shortened(what="X's search delay", usual="30 s", seconds=1, variables=("HASHTILL_X_SEARCH_DELAY_SECONDS",)),
    Shortened(
        what="merchant packs",
        usual="a day",
        seconds=1,
        variables=("SANDBOX_MERCHANT_ACCEPT_AFTER_SECONDS", "SANDBOX_MERCHANT_SHIP_AFTER_SECONDS"),
    ),
)

_KEPT = "\N{NO-BREAK SPACE}"

_OTHERS = {
    "HASHTILL_X_BACKOFF_SCALE": "0.1",
    "HASHTILL_GAP_OVERLAP_SECONDS": "10",
    "HASHTILL_PROMPT_OPEN_SECONDS": "60",
    "HASHTILL_WATERMARK_EVERY_SECONDS": "0.25",
    "HASHTILL_SHOW_TEST_CARD": TEST_CARD,
    "SANDBOX_CARDNET_WITHHELD_SECONDS": "4",
}
"""What follows from those, and the test card."""


def demo_variables() -> dict[str, str]:
    """Give all of it as variables of the suite."""
    return dict(_shortened()) | _OTHERS


def pace_lines(*, columns: int) -> str:
    """Say it in lines of so many columns, broken between two lengths of time and never within one."""
    lengths = (f"{each.what} {each.usual} → {each.seconds:g} s".replace(" ", _KEPT) for each in SHORTENED)
    return fill(f"Minutes are seconds here: {' · '.join(lengths)}.", width=columns).replace(_KEPT, " ")


def _shortened() -> Iterator[tuple[str, str]]:
    for each in SHORTENED:
        for variable in each.variables:
            yield variable, f"{each.seconds:g}"
