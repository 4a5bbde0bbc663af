"""The measured row: how long our functions and files are, against the limits of the hand we write in."""

from statistics import median

from tests.tidy.tree import functions, measured

BODY_MEDIAN_MAX, BODY_P90_MAX, BODY_MAX = 6, 16, 40
FILE_P90_MAX, FILE_MAX = 180, 300
BRANCHES_MAX = 8


def p90(values: list[int]) -> int:
    """Give the value that nine of ten do not exceed."""
    return sorted(values)[int(len(values) * 0.9)] if values else 0


def row() -> str:
    """Write the row that `make check` ends with."""
    bodies = [function.body_lines for function in functions()]
    files = [source.lines for source in measured()]
    branches = max(function.branches for function in functions())
    return (
        f"bodies: {len(bodies)}, median {median(bodies):.0f} (≤ {BODY_MEDIAN_MAX}),"
        f" p90 {p90(bodies)} (≤ {BODY_P90_MAX}), max {max(bodies)} (≤ {BODY_MAX})"
        f" · files: {len(files)}, p90 {p90(files)} (≤ {FILE_P90_MAX}),"
        f" max {max(files)} (≤ {FILE_MAX}) · branches: max {branches} (≤ {BRANCHES_MAX}) · lines: {sum(files)}"
    )
