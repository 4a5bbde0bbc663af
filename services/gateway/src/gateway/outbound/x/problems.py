"""Problems: X's error answers and in-band error frames as failures that say how long to stay away."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from gateway.domain.backoff import Failure, FailureKind
from gateway.domain.shapes import Fields, objects_at, string_at

TOO_MANY_CONNECTIONS = "TooManyConnections"
TOO_MANY_REQUESTS = 429

_DETAIL_CHARACTERS_MAX = 300
"""Enough to recognise a problem in a log line."""

_LATEST_RESET = 4_102_444_800.0
"""The year 2100: a later reset time is no time."""


def problems_of(body: object) -> list[Fields]:
    """Find the problems in an answer: RFC 7807 fields at the top, or a list of them under `errors`."""
    if not isinstance(body, dict):
        return []
    return objects_at(body, "errors") or ([body] if "title" in body or "type" in body else [])


def name_of(problem: Fields) -> str:
    """Name a problem by the last path segment of its type: hosts and versions before it change."""
    return string_at(problem, "type").rstrip("/").rpartition("/")[2]


def is_too_many_connections(problems: list[Fields]) -> bool:
    """Whether X still counts an earlier connection of ours."""
    return any(
        string_at(problem, "connection_issue") == TOO_MANY_CONNECTIONS or name_of(problem) == "streaming-connection"
        for problem in problems
    )


def failure_of(status: int, headers: Mapping[str, str], body: object) -> Failure:
    """Turn a refused request into a failure."""
    problems = problems_of(body)
    detail = f"{status} {describe(problems)}".strip()
    if status != TOO_MANY_REQUESTS:
        return Failure(kind=FailureKind.HTTP, detail=detail)
    if is_too_many_connections(problems):
        return Failure(kind=FailureKind.HTTP, detail=detail, connections_full=True)
    return Failure(kind=FailureKind.RATE_LIMITED, detail=detail, retry_at=_reset_time(headers))


def in_band_failure(body: object) -> Failure | None:
    """Turn an error frame of a stream into a failure; None for a frame that carries data or is something else."""
    if not isinstance(body, dict) or "data" in body:
        return None
    problems = objects_at(body, "errors") or ([body] if "connection_issue" in body else [])
    if not problems:
        return None
    full = is_too_many_connections(problems)
    kind = FailureKind.HTTP if full else FailureKind.NETWORK
    return Failure(kind=kind, detail=describe(problems), connections_full=full)


def describe(problems: list[Fields]) -> str:
    """Write problems for a log line."""
    texts = (
        " ".join(filter(None, (name_of(each), string_at(each, "disconnect_type"), string_at(each, "detail"))))
        for each in problems
    )
    return "; ".join(texts)[:_DETAIL_CHARACTERS_MAX]


def body_of(raw: bytes) -> object:
    """Read an answer's body; None when it is no JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _reset_time(headers: Mapping[str, str]) -> datetime | None:
    try:
        seconds = float(headers.get("x-rate-limit-reset", ""))
    except ValueError:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC) if 0 < seconds < _LATEST_RESET else None
