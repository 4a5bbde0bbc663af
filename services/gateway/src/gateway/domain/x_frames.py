"""X frames: what a line of the filtered stream, of the Activity stream or of a search says, in our words."""

from collections.abc import Iterable
from datetime import datetime

from gateway.domain.post import Post, PostKind, ProgramAccount, Revocation, Skip, SkipReason
from gateway.domain.shapes import Fields, good_id, id_at, object_at, objects_at, string_at, strings_at
from kernel.ids import NetworkUserId, PostId, X
from kernel.snowflakes import time_of_snowflake
from kernel.tags import Tag, canonical_tag

LANGUAGE_CHARACTERS_MAX = 35
"""The longest BCP 47 tag that RFC 5646 asks everybody to hold."""

Reading = Post | Revocation | Skip


def read_frame(frame: object, *, program: ProgramAccount, at: datetime) -> Reading:
    """Read one frame of either stream; what cannot be read is a Skip with its reason, never an exception.

    Both of X's spellings are accepted (`edit_history_tweet_ids` on the wire, `edit_history_post_ids` in its schema, and
    so on). `matching_rules` are never looked at: they also match quoted text. `at` stands in for a missing time.
    """
    fields: Fields = frame if isinstance(frame, dict) else {}
    data = object_at(fields, "data")
    if not data:
        return Skip(reason=SkipReason.UNKNOWN_FRAME)
    if "event_type" in data:
        return _read_event(
            data, includes=object_at(data, "includes") or object_at(fields, "includes"), program=program, at=at
        )
    return read_post(data, includes=object_at(fields, "includes"), program=program)


def _read_event(event: Fields, *, includes: Fields, program: ProgramAccount, at: datetime) -> Reading:
    payload = object_at(event, "payload")
    match string_at(event, "event_type"):
        case "post.create":
            return read_post(payload, includes=includes or object_at(payload, "includes"), program=program)
        case "post.delete":
            return _read_delete(event, payload=payload, at=at)
        case "oauth.revoke":
            return _read_revocation(event, payload=payload, at=at)
        case _:
            return Skip(reason=SkipReason.UNKNOWN_EVENT)


def read_post(data: Fields, *, includes: Fields, program: ProgramAccount) -> Post | Skip:
    """Read a post object with its `includes`."""
    version, author = id_at(data, "id"), id_at(data, "author_id")
    if not version:
        return Skip(reason=SkipReason.BAD_ID)
    if not author:
        return Skip(reason=SkipReason.BAD_AUTHOR)
    kind, target = _target(data)
    target_author = _target_author(data, kind=kind, target=target, includes=includes)
    account = _by_id(objects_at(includes, "users"), author)
    return Post(
        network=X,
        post_id=_first_version(data, version),
        version_id=PostId(version),
        kind=kind,
        author_id=NetworkUserId(author),
        author_handle=string_at(account, "username"),
        author_protected=account.get("protected") is True,
        language=string_at(data, "lang")[:LANGUAGE_CHARACTERS_MAX],
        tags=() if kind is PostKind.REPOST else _own_tags(data),
        target_post_id=PostId(target) if target else None,
        target_author_id=NetworkUserId(target_author) if target_author else None,
        addresses_program=target_author == program.user_id or _mentions(data, program),
        posted_at=time_of_snowflake(int(version)),
    )


def _read_delete(event: Fields, *, payload: Fields, at: datetime) -> Post | Skip:
    gone = next(filter(None, (id_at(payload, name) for name in ("id", "post_id", "tweet_id"))), "")
    author = id_at(payload, "author_id") or id_at(object_at(event, "filter"), "user_id")
    if not gone:
        return Skip(reason=SkipReason.BAD_ID)
    if not author:
        return Skip(reason=SkipReason.BAD_AUTHOR)
    return Post(
        network=X,
        post_id=_first_version(payload, gone),
        version_id=PostId(gone),
        kind=PostKind.DELETE,
        author_id=NetworkUserId(author),
        posted_at=_time(string_at(payload, "date_time")) or at,
    )


def _read_revocation(event: Fields, *, payload: Fields, at: datetime) -> Revocation | Skip:
    user = id_at(payload, "user_id") or id_at(object_at(event, "filter"), "user_id")
    if not user:
        return Skip(reason=SkipReason.BAD_AUTHOR)
    revoked_at = _time(string_at(payload, "date_time")) or at
    event_id = string_at(event, "event_uuid") or f"{user}:{revoked_at.timestamp():.0f}"
    return Revocation(network=X, user_id=NetworkUserId(user), event_id=event_id, revoked_at=revoked_at)


def _first_version(data: Fields, version: str) -> PostId:
    history = strings_at(data, "edit_history_tweet_ids", "edit_history_post_ids")
    return PostId(good_id(history[0]) or version if history else version)


_KINDS = (("retweeted", PostKind.REPOST), ("replied_to", PostKind.REPLY), ("quoted", PostKind.QUOTE))
"""A reply that also quotes is a reply: the conversation it stands in comes first."""


def _target(data: Fields) -> tuple[PostKind, str]:
    references = objects_at(data, "referenced_tweets", "referenced_posts")
    for name, kind in _KINDS:
        for reference in references:
            if string_at(reference, "type") in {name, name.replace("retweeted", "reposted")}:
                return kind, id_at(reference, "id")
    return PostKind.POST, ""


def _target_author(data: Fields, *, kind: PostKind, target: str, includes: Fields) -> str:
    """Find whose post was answered, quoted or reposted: from the expansion, else from the post's own fields."""
    expanded = id_at(_by_id(objects_at(includes, "tweets", "posts"), target), "author_id")
    if expanded:
        return expanded
    if kind is PostKind.REPLY:
        return id_at(data, "in_reply_to_user_id")
    if kind is PostKind.REPOST:  # "RT @handle: …": the first mention is the reposted author
        mentions = _entities(data, "mentions")
        return id_at(mentions[0], "id") if mentions else ""
    return ""


def _by_id(items: Iterable[Fields], wanted: str) -> Fields:
    return next((item for item in items if id_at(item, "id") == wanted), {})


def _own_tags(data: Fields) -> tuple[Tag, ...]:
    """Take the author's own tags in order, each once."""
    tags = dict.fromkeys(canonical_tag(string_at(item, "tag")) for item in _entities(data, "hashtags"))
    tags.pop(Tag(""), None)
    return tuple(tags)


def _entities(data: Fields, kind: str) -> list[Fields]:
    """Join both lists of a long post: that of its first 280 characters, and the whole one in its note."""
    note = object_at(data, "note_tweet", "note_post")
    return [*objects_at(object_at(data, "entities"), kind), *objects_at(object_at(note, "entities"), kind)]


def _mentions(data: Fields, program: ProgramAccount) -> bool:
    handle = program.handle.casefold()
    return any(
        id_at(item, "id") == program.user_id or string_at(item, "username").casefold() == handle
        for item in _entities(data, "mentions")
    )


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
