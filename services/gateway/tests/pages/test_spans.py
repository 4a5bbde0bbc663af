"""Times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.inbound.pages.spans import left, moment, stamp

NOW = datetime(2013, 3, 1, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (timedelta(days=2, hours=3, minutes=9), "2 d 3 h"),
        (timedelta(hours=1, minutes=5), "1 h 05 min"),
        (timedelta(minutes=14, seconds=3), "14 min 03 s"),
        (timedelta(seconds=-9), "0 min 00 s"),
    ],
)
def test_what_is_left_is_said_in_its_two_largest_units(rest: timedelta, words: str) -> None:
    assert left(NOW + rest, NOW) == words


def test_a_moment_is_told_in_the_zone_it_is_shown_in() -> None:
    assert moment(NOW, "America/New_York") == "Mar 1, 2013, 12:00 PM EST"


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_told_in_utc(zone: str) -> None:
    assert moment(NOW, zone) == "Mar 1, 2013, 5:00 PM UTC"


def test_a_stamp_is_what_scripts_read() -> None:
    assert stamp(NOW) == "2013-03-01T17:00:00.000Z"
