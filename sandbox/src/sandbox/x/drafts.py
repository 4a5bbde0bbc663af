"""Drafts: what somebody is about to publish, and the text it will be published with."""

from dataclasses import dataclass

from sandbox.x.posts import Post
from sandbox.x.problems import invalid_request
from sandbox.x.users import User, Users

TEXT_MAX = 25_000
"""Characters in the longest post X takes (from subscribers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post somebody is about to publish."""

    text: str
    replied_to_id: int | None = None
    quoted_id: int | None = None
    unmentioned_ids: frozenset[int] = frozenset()


def addressed_text(draft: Draft, *, author: User, replied_to: Post | None, users: Users) -> str:
    """Put the handle of the one replied to before the text, as X does, unless the text names them already."""
    if replied_to is None or replied_to.author_id in draft.unmentioned_ids | {author.id}:
        return draft.text
    addressee = users.get(replied_to.author_id)
    if addressee is None or f"@{addressee.username.lower()}" in draft.text.lower():
        return draft.text
    return f"@{addressee.username} {draft.text}"


def bounded_text(text: str) -> str:
    """Refuse an empty text and one longer than X takes."""
    if not text.strip():
        raise invalid_request("A post needs text.")
    if len(text) > TEXT_MAX:
        raise invalid_request(f"A post has at most {TEXT_MAX} characters; this one has {len(text)}.")
    return text
