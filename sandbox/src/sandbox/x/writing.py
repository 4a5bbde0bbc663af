"""Writing posts and users as X's JSON: the asked fields, the expansions beside them, long posts with their note."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from sandbox.x.entities import entities_in
from sandbox.x.fields import Fields
from sandbox.x.posts import Post
from sandbox.x.snowflake_ids import unix_ms_of
from sandbox.x.users import User
from sandbox.x.weighted_length import LENGTH_MAX, cut_to_length
from sandbox.x.world import EDITS_MAX, World

JsonObject = dict[str, object]

_SHORT_ENOUGH = LENGTH_MAX // 2
"""A text of at most this many code points without links cannot weigh more than LENGTH_MAX: no need to weigh it."""

_SECONDS_MAX = 1_024
"""Seconds kept as written: posts of the same second, and the ends of their time to edit, are written many at a time."""


def post_json(post: Post, fields: Fields, *, world: World) -> JsonObject:
    """Write one post with the asked fields."""
    shown = _shown_text(post)
    found: JsonObject = {
        "id": str(post.id),
        "text": shown,
        "edit_history_tweet_ids": [str(each) for each in post.history],
    }
    asked = fields.of_posts
    if "author_id" in asked or "author_id" in fields.expansions:
        found["author_id"] = str(post.author_id)
    if "created_at" in asked:
        found["created_at"] = time_json(unix_ms_of(post.id))
    if "conversation_id" in asked:
        found["conversation_id"] = str(post.conversation_id)
    if "lang" in asked:
        found["lang"] = "und"
    found.update(_entities(post, shown, asked=asked, world=world))
    found.update(_relations(post, fields))
    if "edit_controls" in asked:
        found["edit_controls"] = _edit_controls(post, world=world)
    return found


def user_json(user: User, fields: Fields) -> JsonObject:
    """Write one user with the asked fields."""
    found: JsonObject = {"id": str(user.id), "name": user.name, "username": user.username}
    if "protected" in fields.of_users:
        found["protected"] = user.protected
    return found


def includes_json(posts: Iterable[Post], fields: Fields, *, world: World) -> JsonObject:
    """Write what the expansions bring: users and referenced posts, each once."""
    if not fields.expansions:
        return {}
    people: dict[int, None] = {}
    referenced: dict[int, Post] = {}
    for post in posts:
        people.update(dict.fromkeys(_people(post, fields)))
        referenced.update((each.id, each) for each in _referenced(post, fields, world=world))
    if "referenced_tweets.id.author_id" in fields.expansions:
        people.update(dict.fromkeys(each.author_id for each in referenced.values()))
    users = [user_json(user, fields) for each in people if (user := world.users.get(each))]
    written = [post_json(each, fields, world=world) for each in referenced.values()]
    return {key: value for key, value in (("users", users), ("tweets", written)) if value}


def with_includes(data: object, posts: Sequence[Post], fields: Fields, *, world: World) -> JsonObject:
    """Put `data` and, if there is anything in them, `includes` side by side."""
    included = includes_json(posts, fields, world=world)
    return {"data": data, "includes": included} if included else {"data": data}


def time_json(unix_ms: int) -> str:
    """Write a moment as X does: UTC, milliseconds, `Z`."""
    seconds, ms = divmod(unix_ms, 1000)
    return f"{_second_json(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=_SECONDS_MAX)
def _second_json(unix_seconds: int) -> str:
    return f"{datetime.fromtimestamp(unix_seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}"


def _shown_text(post: Post) -> str:
    if post.reposted_id is not None or (len(post.text) <= _SHORT_ENOUGH and not post.entities.links):
        return post.text
    cut = cut_to_length(post.text, length_max=LENGTH_MAX)
    return post.text if cut == post.text else cut_to_length(post.text, length_max=LENGTH_MAX - 2) + "…"


def _entities(post: Post, shown: str, *, asked: frozenset[str], world: World) -> Iterator[tuple[str, object]]:
    """Write a long post's own entities from its shown beginning; its note carries the whole."""
    long = shown is not post.text
    if "entities" in asked:
        entities = entities_in(shown, named=world.users.named) if long else post.entities
        if written := entities.as_json():
            yield "entities", written
    if long and "note_tweet" in asked:
        yield "note_tweet", {"text": post.text, "entities": post.entities.as_json()}


def _relations(post: Post, fields: Fields) -> Iterator[tuple[str, object]]:
    wants_reply = "in_reply_to_user_id" in fields.of_posts or "in_reply_to_user_id" in fields.expansions
    if wants_reply and post.in_reply_to_user_id is not None:
        yield "in_reply_to_user_id", str(post.in_reply_to_user_id)
    if "referenced_tweets" in fields.of_posts or "referenced_tweets.id" in fields.expansions:
        kinds = (("retweeted", post.reposted_id), ("quoted", post.quoted_id), ("replied_to", post.replied_to_id))
        if referenced := [{"type": kind, "id": str(each)} for kind, each in kinds if each is not None]:
            yield "referenced_tweets", referenced


def _edit_controls(post: Post, *, world: World) -> JsonObject:
    return {
        "edits_remaining": EDITS_MAX + 1 - len(post.history),
        "is_edit_eligible": world.may_edit(post),
        "editable_until": time_json(world.editable_until_unix_ms(post)),
    }


def _people(post: Post, fields: Fields) -> Iterator[int]:
    if "author_id" in fields.expansions:
        yield post.author_id
    if "in_reply_to_user_id" in fields.expansions and post.in_reply_to_user_id is not None:
        yield post.in_reply_to_user_id
    if "entities.mentions.username" in fields.expansions:
        yield from (mention.user_id for mention in post.entities.mentions)


def _referenced(post: Post, fields: Fields, *, world: World) -> Iterator[Post]:
    if fields.expansions & {"referenced_tweets.id", "referenced_tweets.id.author_id"}:
        references = (post.reposted_id, post.quoted_id, post.replied_to_id)
        yield from (found for each in references if (found := world.posts.get(each)))
