"""Frames as X writes them, for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain.post import ProgramAccount
from kernel.ids import NetworkUserId
from kernel.snowflakes import first_snowflake_at

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROGRAM = ProgramAccount(user_id=NetworkUserId("900"), handle="AmexSync")
MIA = "101"
JONAS = "102"


def id_at(seconds: float = 0, *, number: int = 0) -> str:
    """Make the id of a post made so many seconds after NOW; `number` tells posts of one moment apart."""
    return str(first_snowflake_at(NOW + timedelta(seconds=seconds)) + number)


def entities(tags: Sequence[str] = (), mentions: Sequence[str] = ()) -> dict[str, Any]:
    """Make the entities of a post."""
    return {
        "hashtags": [{"start": 0, "end": 1, "tag": tag} for tag in tags],
        "mentions": [{"start": 0, "end": 1, "username": name} for name in mentions],
    }


def post(post_id: str, *tags: str, author: str = MIA, mentions: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """Make a post's data object."""
    return {
        "id": post_id,
        "author_id": author,
        "text": " ".join(f"#{tag}" for tag in tags),
        "edit_history_tweet_ids": [post_id],
        "entities": entities(tags, mentions),
        **more,
    }


def frame(data: dict[str, Any], *, protected: bool = False, **includes: Any) -> dict[str, Any]:
    """Make the filtered stream's frame of a post."""
    author = {"id": data.get("author_id"), "username": f"user{data.get('author_id')}", "protected": protected}
    return {"data": data, "includes": {"users": [author], **includes}, "matching_rules": [{"id": "1", "tag": "any"}]}


def repost(post_id: str, of: str, *, of_author: str = PROGRAM.user_id, author: str = MIA) -> dict[str, Any]:
    """Make the frame of a repost."""
    data = post(post_id, "OKBCDFGHJK", author=author, referenced_tweets=[{"type": "retweeted", "id": of}])
    return frame(data, tweets=[{"id": of, "author_id": of_author}])


def event(event_type: str, payload: dict[str, Any], *, user: str = MIA, uuid: str = "e-1") -> dict[str, Any]:
    """Make the Activity stream's envelope."""
    inner = {"event_uuid": uuid, "event_type": event_type, "filter": {"user_id": user}, "payload": payload}
    return {"data": inner}
