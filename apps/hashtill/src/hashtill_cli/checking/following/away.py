"""Away: what reading raises while something is down, starting or being replaced."""

import aiohttp
import asyncpg

from chassis.lifecycle import NotThereError
from chassis.outages import is_outage
from hashtill_cli.supervisor.address_book import NotRunningError

_AWAY = (
    NotRunningError,
    NotThereError,
    TimeoutError,
    aiohttp.ClientError,
    asyncpg.QueryCanceledError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database that is closed for a while
)


def is_away(error: BaseException) -> bool:
    """Tell whether what was to be read is not there just now, or answers too slowly; anything else is a bug."""
    return is_outage(error) or isinstance(error, _AWAY)
