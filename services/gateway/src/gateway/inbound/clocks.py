"""What time it is when something is heard: a clock that is ahead would tell as read what was not."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]


def earlier_of(*clocks: Clock) -> Clock:
    """Give the earliest of several clocks: one that is ahead is not believed, one that is behind is waited for."""
    return lambda: min(clock() for clock in clocks)
