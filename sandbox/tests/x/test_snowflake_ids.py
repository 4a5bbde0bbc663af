"""Ids carry the true time, rise and never repeat."""

from datetime import UTC, datetime

from kernel.snowflakes import time_of_snowflake
from sandbox.x.snowflake_ids import SnowflakeIds, unix_ms_of


def test_an_id_carries_the_millisecond_it_was_made_in() -> None:
    made = SnowflakeIds(clock=lambda: 1_700_000_000.123).next()

    assert unix_ms_of(made) == 1_700_000_000_123
    assert time_of_snowflake(made) == datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)


def test_ids_rise_within_a_millisecond_and_when_the_clock_goes_back() -> None:
    times = iter([1_700_000_000.0, 1_700_000_000.0, 1_699_999_999.0])
    ids = SnowflakeIds(clock=lambda: next(times))

    made = [ids.next(), ids.next(), ids.next()]

    assert made == sorted(set(made))
