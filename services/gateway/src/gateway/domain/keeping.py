"""Keeping: which posts the other services hear of; a filter on what could matter, never the decision."""

from collections.abc import Set as AbstractSet

from gateway.domain.post import Post, PostKind, ProgramAccount, SkipReason
from kernel.tags import Tag, looks_like_confirmation


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
    if post.addresses_program or any(tag in known_tags or looks_like_confirmation(tag) for tag in post.tags):
        return None
    return SkipReason.NOT_FOR_US
