"""Snowflakes: the time inside an X id, which is the clock that decides what was in time."""

from datetime import UTC, datetime, timedelta

_X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""1288834974657 ms after the Unix epoch (X's own documentation of its ids)."""

_TIME_SHIFT = 22


def time_of_snowflake(snowflake: int) -> datetime:
    """Read the moment an X id was made, to the millisecond."""
    return _X_EPOCH + timedelta(milliseconds=snowflake >> _TIME_SHIFT)


def first_snowflake_at(at: datetime) -> int:
    """Give the smallest id that could be made at that moment; for tests and for searches since a time."""
    return ((at - _X_EPOCH) // timedelta(milliseconds=1)) << _TIME_SHIFT
