"""Backfill: how far back a reconnecting stream may reach, on the tier that has it."""

import time
from collections.abc import Mapping

from sandbox.x.problems import client_not_enrolled
from sandbox.x.query import whole_number
from sandbox.x.settings import Tier
from sandbox.x.snowflake_ids import first_id_at

MINUTES_MAX = 5


def backfill_start(query: Mapping[str, str], *, tier: Tier, last_seen_id: int) -> int | None:
    """Give the id after which to resend: where the last connection ended, at most the asked minutes back."""
    minutes = whole_number(query, "backfill_minutes", default=0, least=0, most=MINUTES_MAX)
    if minutes == 0:
        return None
    if tier is not Tier.ENTERPRISE:
        raise client_not_enrolled("backfill_minutes is only available to enterprise clients.")
    return max(last_seen_id, first_id_at(int(time.time() * 1000) - minutes * 60_000))
