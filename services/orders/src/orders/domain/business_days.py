"""Business days: when a parcel is due; weekends and the federal holidays of the United States do not count."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

DELIVERY_BUSINESS_DAYS = 2
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_DAY = timedelta(days=1)


def deliver_by(accepted_at: datetime) -> datetime:
    """Give the end of the second business day (UTC) after the merchant accepted."""
    day, left = accepted_at.date(), DELIVERY_BUSINESS_DAYS
    while left:
        day += _DAY
        left -= is_business_day(day)
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def is_business_day(day: date) -> bool:
    """Whether parcels are delivered; a New Year's Day on a Saturday is kept on the last day of the year before."""
    return day.weekday() < _SATURDAY and day not in {*federal_holidays(day.year), *federal_holidays(day.year + 1)}


def federal_holidays(year: int) -> Iterator[date]:
    """Give the days on which the year's federal holidays are kept (5 U.S.C. 6103)."""
    for month, day in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)):
        yield _kept(date(year, month, day))
    yield _nth(_MONDAY, 3, year, 1)
    yield _nth(_MONDAY, 3, year, 2)
    yield _nth(_MONDAY, 1, year, 6) - 7 * _DAY
    yield _nth(_MONDAY, 1, year, 9)
    yield _nth(_MONDAY, 2, year, 10)
    yield _nth(_THURSDAY, 4, year, 11)


def _kept(day: date) -> date:
    """Keep a Saturday's holiday on Friday and a Sunday's on Monday."""
    return day + _DAY * {_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0)


def _nth(weekday: int, count: int, year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + _DAY * ((weekday - first.weekday()) % 7 + 7 * (count - 1))
