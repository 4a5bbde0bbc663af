"""Snowflake ids: 64-bit numbers that carry the true millisecond they were made in, unique and ever rising."""

from collections.abc import Callable

EPOCH_MS = 1_288_834_974_657
"""X's epoch in Unix milliseconds (X's own documentation of its ids)."""

_TIME_SHIFT = 22
_DIGITS_MAX = 19

Clock = Callable[[], float]
"""Seconds since the Unix epoch; `time.time` outside tests."""


class SnowflakeIds:
    """Makes ids; within one millisecond, or when the clock goes back, it counts on from the last one."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Make the next id."""
        self._last = max(first_id_at(int(self._clock() * 1000)), self._last + 1)
        return self._last


def number_in(written: str) -> int | None:
    """Read a whole number of at most an id's digits; None for anything else, whatever its length."""
    return int(written) if len(written) <= _DIGITS_MAX and written.isascii() and written.isdigit() else None


def first_id_at(unix_ms: int) -> int:
    """Give the smallest id of that Unix millisecond."""
    return max(unix_ms - EPOCH_MS, 0) << _TIME_SHIFT


def unix_ms_of(snowflake: int) -> int:
    """Read the Unix millisecond an id was made in."""
    return (snowflake >> _TIME_SHIFT) + EPOCH_MS
