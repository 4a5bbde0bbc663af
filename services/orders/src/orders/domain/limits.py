"""Limits: every length of time and count that a deployment may choose, as the domain needs them."""

from dataclasses import dataclass
from datetime import timedelta

LEASE_SECONDS = 3
"""Who is at a step says so every second; so long after the last time its process is taken for dead (decision 0014)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The programme's rules in time and number; the defaults are the 2013 programme's."""

    confirm_window: timedelta = timedelta(minutes=15)
    slack: timedelta = timedelta(seconds=60)
    dark_max: timedelta = timedelta(minutes=10)
    """How long deadlines wait for a network that is dark."""
    remorse: timedelta = timedelta(minutes=30)
    post_age_max: timedelta = timedelta(minutes=15)
    prompting: timedelta = timedelta(minutes=10)
    unshipped: timedelta = timedelta(days=6)
    open_orders_max: int = 3
    """Unconfirmed orders a cardmember may have."""
    expiries_max: int = 3
    """So many expiries within `expiries_within` start a cool-down of `cool_down`."""
    expiries_within: timedelta = timedelta(hours=24)
    cool_down: timedelta = timedelta(hours=1)
    lease: timedelta = timedelta(seconds=LEASE_SECONDS)
