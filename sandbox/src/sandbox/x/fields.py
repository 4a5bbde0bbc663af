"""Field selection: which fields and expansions a caller asked for, refused when X knows no such name."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.x.known_names import EXPANSIONS, POST_FIELDS, USER_FIELDS
from sandbox.x.problems import invalid_request

_ALWAYS_OF_POSTS = frozenset({"id", "text", "edit_history_tweet_ids"})
_ALWAYS_OF_USERS = frozenset({"id", "name", "username"})


@dataclass(frozen=True, slots=True)
class Fields:
    """What to write of posts and users; equal selections are written once."""

    of_posts: frozenset[str]
    of_users: frozenset[str]
    expansions: frozenset[str]


EVERYTHING = Fields(
    POST_FIELDS,
    _ALWAYS_OF_USERS | {"protected", "created_at"},
    frozenset({"author_id", "in_reply_to_user_id", "referenced_tweets.id"}),
)
"""What an activity event carries: the caller cannot choose there."""


def fields_of(query: Mapping[str, str]) -> Fields:
    """Read `tweet.fields`, `user.fields` and `expansions`."""
    return Fields(
        _ALWAYS_OF_POSTS | _names(query, "tweet.fields", known=POST_FIELDS),
        _ALWAYS_OF_USERS | _names(query, "user.fields", known=USER_FIELDS),
        _names(query, "expansions", known=EXPANSIONS),
    )


def _names(query: Mapping[str, str], parameter: str, *, known: frozenset[str]) -> frozenset[str]:
    asked = frozenset(name for name in query.get(parameter, "").split(",") if name)
    if unknown := sorted(asked - known):
        message = f"The `{parameter}` query parameter value [{unknown[0]}] is not one of those X knows"
        raise invalid_request(message, parameters={parameter: unknown})
    return asked
