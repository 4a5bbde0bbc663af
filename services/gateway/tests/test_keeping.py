"""Which posts are kept."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.gateway.tests.frames import MIA, NOW, PROGRAM

from gateway.domain.keeping import TAGS_MAX, reason_to_skip, with_tags_that_fit
from gateway.domain.post import Post, PostKind, SkipReason
from kernel.ids import NetworkUserId, PostId, X
from kernel.tags import Tag

KNOWN = frozenset({Tag("buykindle")})
PLAIN = Post(
    network=X,
    post_id=PostId("1"),
    version_id=PostId("1"),
    kind=PostKind.POST,
    author_id=NetworkUserId(MIA),
    posted_at=NOW,
)


def skipped(post: Post) -> SkipReason | None:
    return reason_to_skip(post, known_tags=KNOWN, program=PROGRAM)


@pytest.mark.parametrize("kind", [PostKind.POST, PostKind.REPLY, PostKind.QUOTE])
def test_a_known_tag_a_confirmation_shaped_tag_or_the_programs_name_keeps_a_post(kind: PostKind) -> None:
    post = replace(PLAIN, kind=kind)

    assert skipped(replace(post, tags=(Tag("buykindle"),))) is None
    assert skipped(replace(post, tags=(Tag("okbcdfghjk"),))) is None
    assert skipped(replace(post, addresses_program=True)) is None
    assert skipped(replace(post, tags=(Tag("weather"),))) is SkipReason.NOT_FOR_US


@pytest.mark.parametrize("tag", ["buykindles", "ibuykindle", "buy", "okbcdfghjkm"])
def test_a_tag_that_merely_holds_a_known_one_keeps_nothing(tag: str) -> None:
    assert skipped(replace(PLAIN, tags=(Tag(tag),))) is SkipReason.NOT_FOR_US


def test_of_fifty_tags_those_that_matter_are_kept_before_all_others() -> None:
    decoration = tuple(Tag(f"tag{number}") for number in range(50))
    post = replace(PLAIN, tags=(*decoration, Tag("buykindle"), Tag("okbcdfghjk")))

    kept = with_tags_that_fit(post, known_tags=KNOWN)

    assert kept.tags == (*decoration[: TAGS_MAX - 2], Tag("buykindle"), Tag("okbcdfghjk"))
    assert with_tags_that_fit(kept, known_tags=KNOWN) is kept


def test_only_a_repost_of_ours_is_kept() -> None:
    repost = replace(PLAIN, kind=PostKind.REPOST, tags=(Tag("buykindle"),), addresses_program=True)

    assert skipped(replace(repost, target_author_id=PROGRAM.user_id)) is None
    assert skipped(replace(repost, target_author_id=NetworkUserId("7"))) is SkipReason.REPOST_OF_OTHERS
    assert skipped(repost) is SkipReason.REPOST_OF_OTHERS


def test_a_delete_passes_so_that_it_can_be_looked_up() -> None:
    assert skipped(replace(PLAIN, kind=PostKind.DELETE)) is None


def test_a_protected_authors_post_is_kept_so_that_it_can_be_answered() -> None:
    assert skipped(replace(PLAIN, author_protected=True, tags=(Tag("buykindle"),))) is None


@given(kind=st.sampled_from(PostKind), tags=st.lists(st.sampled_from(["buykindle", "okbcdfghjk"])), ours=st.booleans())
def test_the_programs_own_posts_are_never_kept(kind: PostKind, tags: list[str], ours: bool) -> None:  # noqa: FBT001 - drawn
    own = replace(PLAIN, kind=kind, author_id=PROGRAM.user_id, tags=tuple(map(Tag, tags)), addresses_program=ours)

    assert skipped(own) is SkipReason.OWN_POST
