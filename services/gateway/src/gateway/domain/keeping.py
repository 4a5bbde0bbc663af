"""Keeping: which posts the other services hear of; a filter on what could matter, never the decision."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from gateway.domain.post import Post, PostKind, ProgramAccount, SkipReason
from kernel.tags import Tag, looks_like_confirmation

TAGS_MAX = 20
"""The contract's bound (SocialPost.tags); nobody means to buy twenty things with one post."""


def reason_to_skip(post: Post, *, known_tags: AbstractSet[Tag], program: ProgramAccount) -> SkipReason | None:
    """Say why a post is not kept; None keeps it.

    Kept: a post with a known tag or a confirmation-shaped tag of its own, or that addresses the program; a repost of
    one of our posts; every delete (whether we know what it deletes is asked later). The program's own posts never are.
    """
    if post.author_id == program.user_id:
        return SkipReason.OWN_POST
    if post.kind is PostKind.DELETE:
        return None
    if post.kind is PostKind.REPOST:
        return None if post.target_author_id == program.user_id else SkipReason.REPOST_OF_OTHERS
    if post.addresses_program or any(_matters(tag, known_tags) for tag in post.tags):
        return None
    return SkipReason.NOT_FOR_US


def with_tags_that_fit(post: Post, *, known_tags: AbstractSet[Tag]) -> Post:
    """Leave a kept post at most TAGS_MAX tags, in its own order: what matters goes before what is mere decoration."""
    if len(post.tags) <= TAGS_MAX:
        return post
    fitting = sorted(post.tags, key=lambda tag: not _matters(tag, known_tags))[:TAGS_MAX]
    return replace(post, tags=tuple(tag for tag in post.tags if tag in fitting))


def _matters(tag: Tag, known_tags: AbstractSet[Tag]) -> bool:
    return tag in known_tags or looks_like_confirmation(tag)
