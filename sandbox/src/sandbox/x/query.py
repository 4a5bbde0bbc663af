"""Query parameters: numbers and times read strictly."""

from collections.abc import Mapping
from datetime import datetime

from sandbox.x.problems import invalid_request
from sandbox.x.snowflake_ids import first_id_at, number_in


def whole_number(query: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """Read a whole number between two bounds, both included."""
    written = query.get(name)
    if written is None:
        return default
    read = number_in(written)
    if read is None or not least <= read <= most:
        raise invalid_request(
            f"The `{name}` query parameter value [{written}] is not between {least} and {most}",
            parameters={name: [written]},
        )
    return read


def since_id_in(query: Mapping[str, str]) -> int:
    """Read `since_id` and `start_time` as one exclusive lower bound; 0 if neither is given."""
    since_id = whole_number(query, "since_id", default=0, least=0, most=2**63)
    start = query.get("start_time")
    return since_id if start is None else max(since_id, first_id_at(_unix_ms(start, "start_time")) - 1)


def until_id_in(query: Mapping[str, str]) -> int:
    """Read `until_id`, `end_time` and the page token as one exclusive upper bound."""
    bounds = [whole_number(query, name, default=2**63, least=0, most=2**63) for name in _UPPER_BOUNDS]
    end = query.get("end_time")
    return min(bounds) if end is None else min(*bounds, first_id_at(_unix_ms(end, "end_time")))


_UPPER_BOUNDS = ("until_id", "next_token", "pagination_token")


def _unix_ms(written: str, name: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise invalid_request(
            f"{name} must be a time like 2026-01-31T12:00:00Z", parameters={name: [written]}
        ) from error
    if moment.tzinfo is None:
        raise invalid_request(f"{name} must be in UTC, ending in Z", parameters={name: [written]})
    return int(moment.timestamp() * 1000)
