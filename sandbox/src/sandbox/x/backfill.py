"""Backfill: how far back a reconnecting stream may reach, on the tier that has it."""

import time
from collections.abc import Mapping

from sandbox.x.problems import client_not_enrolled, invalid_request
from sandbox.x.settings import Tier
from sandbox.x.snowflake_ids import first_id_at

MINUTES_MAX = 5


def backfill_start(query: Mapping[str, str], *, tier: Tier, last_seen_id: int) -> int | None:
    """Give the id after which to resend: where the last connection ended, at most the asked minutes back."""
    asked = query.get("backfill_minutes", "0")
    if not asked.isdecimal() or int(asked) > MINUTES_MAX:
        raise invalid_request(f"backfill_minutes must be 0 to {MINUTES_MAX}", parameters={"backfill_minutes": [asked]})
    if int(asked) == 0:
        return None
    if tier is not Tier.ENTERPRISE:
        raise client_not_enrolled("backfill_minutes is only available to enterprise clients.")
    return max(last_seen_id, first_id_at(int(time.time() * 1000) - int(asked) * 60_000))
