"""Times as people read them: how long is left, and when that is where they are shown."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.timestamp_pb2 import Timestamp

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def utc(stamp: Timestamp) -> datetime:
    """Read a protobuf time."""
    return stamp.ToDatetime(tzinfo=UTC)


def left(until: datetime, now: datetime) -> str:
    """Say how long is left in the two largest units, as the page's script goes on to do."""
    rest = max(until - now, timedelta())
    if rest >= DAY:
        return f"{rest.days} d {rest.seconds // 3_600} h"
    if rest >= HOUR:
        return f"{rest // HOUR} h {rest % HOUR // MINUTE:02d} min"
    return f"{rest // MINUTE} min {rest.seconds % 60:02d} s"


def moment(at: datetime, zone: str = "UTC") -> str:
    """Write a time in a zone, e.g. Mar 3, 2013, 11:59 PM EST; in UTC when the zone is unknown."""
    there = at.astimezone(_zone(zone))
    hour = there.hour % 12 or 12
    return f"{there:%b} {there.day}, {there.year}, {hour}:{there:%M %p %Z}"


def stamp(at: datetime) -> str:
    """Write a time for the page's script and for machines."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
